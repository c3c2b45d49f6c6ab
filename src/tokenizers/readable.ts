import { unspell } from './byte-alphabet.js';

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
    const bytes = unspell(token);
    // A special token is not spelled in the alphabet.
    return bytes === undefined ? token : readableBytes(bytes);
  }
  const byte = byteOfPiece(token);
  return byte === undefined ? token.replaceAll('▁', ' ') : readableBytes([byte]);
}

/** The byte that a token such as `<0x0A>` stands for. */
export function byteOfPiece(token: string): number | undefined {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  return byte === undefined ? undefined : Number.parseInt(byte, 16);
}

/** Bytes as a person reads them: text where they are whole characters, otherwise each as `<0xE2>`. */
export function readableBytes(bytes: Iterable<number>): string {
  const array = Uint8Array.from(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(array);
  } catch {
    return Array.from(array, (b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`).join('');
  }
}
