/**
 * GPT-2's alphabet (Radford et al. 2019, released code): a byte that prints in Latin-1 stands for itself, the others,
 * in order, for the characters from U+0100 on, so that no token contains a space or a control character.
 */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const prints = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(prints ? byte : next++);
  });
})();

/** The bytes in the order that Hugging Face's trainer gives them ids: by the characters that stand for them. */
export const byteOrder: readonly number[] = byteCharacters
  .map((character, byte) => ({ character, byte }))
  .sort((a, b) => a.character.charCodeAt(0) - b.character.charCodeAt(0))
  .map(({ byte }) => byte);

const byteOf: ReadonlyMap<string, number> = new Map(byteCharacters.map((c, byte) => [c, byte]));

/** Bytes as a token of a byte-level vocabulary is written. */
export function spell(bytes: Iterable<number>): string {
  let token = '';
  for (const byte of bytes) token += byteCharacters[byte];
  return token;
}

/** The bytes that a token of a byte-level vocabulary stands for; `undefined` where it is not written in the alphabet. */
export function unspell(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let at = 0; at < token.length; at++) {
    const byte = byteOf.get(token[at] as string);
    if (byte === undefined) return undefined;
    bytes[at] = byte;
  }
  return bytes;
}

/**
 * Whether a token that is found in text as it is written could also come out of the bytes of another text: `Ġthe` is
 * how ` the` is spelled. Plain ASCII is spelled as itself, so it is found before its bytes are looked at.
 */
export function isAmbiguous(token: string): boolean {
  return Array.from(token).some((c) => c > '\u007f') && unspell(token) !== undefined;
}
