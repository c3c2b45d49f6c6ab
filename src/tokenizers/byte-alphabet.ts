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

/** By character below U+0180: the byte that it stands for; −1 where there is none. */
const byteOf = new Int16Array(0x180).fill(-1);
byteCharacters.forEach((character, byte) => {
  byteOf[character.charCodeAt(0)] = byte;
});

/** Bytes as a token of a byte-level vocabulary is written. */
export function spell(bytes: Iterable<number>): string {
  let token = '';
  for (const byte of bytes) token += byteCharacters[byte];
  return token;
}

/** The byte that a character of a token stands for; −1 where it is not of the alphabet. */
export function unspelled(token: string, at: number): number {
  return byteOf[token.charCodeAt(at)] ?? -1;
}

/** Whether a token is written in the alphabet. */
export function isSpelled(token: string): boolean {
  for (let at = 0; at < token.length; at++) if (unspelled(token, at) < 0) return false;
  return true;
}

/** The bytes that a token of a byte-level vocabulary stands for; `undefined` where it is not written in the alphabet. */
export function unspell(token: string): Uint8Array | undefined {
  return isSpelled(token) ? Uint8Array.from(token, (_, at) => unspelled(token, at)) : undefined;
}

/**
 * Whether a token that is found in text as it is written could also come out of the bytes of another text: `Ġthe` is
 * how ` the` is spelled. Plain ASCII is spelled as itself, so it is found before its bytes are looked at.
 */
export function isAmbiguous(token: string): boolean {
  return Array.from(token).some((c) => c > '\u007f') && isSpelled(token);
}
