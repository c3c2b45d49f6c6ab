/** How a vocabulary writes spaces and bytes: GPT-2's alphabet of bytes, or SentencePiece's `▁` and `<0x0A>`. */
export type Spelling = 'bytes' | 'pieces';

/** Which of them a `tokenizer.json` uses, by its decoder. */
export function spellingOf(decoder: unknown): Spelling {
  const { type, decoders } = (decoder ?? {}) as { type?: unknown; decoders?: unknown };
  if (type === 'ByteLevel') return 'bytes';
  return Array.isArray(decoders) && decoders.some((d) => spellingOf(d) === 'bytes') ? 'bytes' : 'pieces';
}

/** A token of the vocabulary as a person reads it; bytes that are no whole character as `<0xE2>`. */
export function readable(token: string, spelling: Spelling): string {
  if (spelling === 'bytes') {
    const bytes = Array.from(token, (c) => byteOf.get(c));
    // A special token is not spelled in the alphabet.
    return bytes.every((b) => b !== undefined) ? fromBytes(bytes) : token;
  }
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token);
  return byte === null ? token.replaceAll('▁', ' ') : fromBytes([Number.parseInt(byte[1] as string, 16)]);
}

function fromBytes(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return bytes.map((b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`).join('');
  }
}

/**
 * GPT-2's alphabet (Radford et al. 2019, released code): a byte that prints in Latin-1 stands for itself, the others,
 * in order, for the characters from U+0100 on, so that no token contains a space or a control character.
 */
const byteOf: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const prints = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    map.set(String.fromCharCode(prints ? byte : next++), byte);
  }
  return map;
})();
