import { fail } from '../core/index.js';

/**
 * Bytes of a text file as text, without a byte order mark; everything else stays as it is.
 *
 * @param path for messages
 * @throws `file` naming the first byte that is NUL (a binary file) or not UTF-8
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  const nul = bytes.indexOf(0);
  const invalid = firstInvalidByte(bytes);
  if (nul >= 0 && (invalid < 0 || nul < invalid)) {
    throw fail('file', {
      where: path,
      rule: 'a text file',
      got: `a NUL byte at byte ${nul}`,
      fix: 'Give a UTF-8 text file, not a binary one',
    });
  }
  if (invalid >= 0) {
    const hex = (bytes[invalid] as number).toString(16).padStart(2, '0');
    throw fail('file', {
      where: path,
      rule: 'text in UTF-8',
      got: `0x${hex} at byte ${invalid}, which is not UTF-8`,
      fix: 'Give a UTF-8 text file, or convert it from its encoding',
    });
  }
  return new TextDecoder().decode(bytes); // strips the byte order mark
}

/**
 * Where the first malformed UTF-8 sequence begins, or −1. The ranges of the second byte rule out overlong forms,
 * surrogates and code points above U+10FFFF (The Unicode Standard, table 3-7).
 */
export function firstInvalidByte(bytes: Uint8Array): number {
  let i = 0;
  while (i < bytes.length) {
    const first = bytes[i] as number;
    if (first < 0x80) {
      i++;
      continue;
    }
    const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
    if (length === 0 || i + length > bytes.length) return i;
    const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    const second = bytes[i + 1] as number;
    if (second < least || second > most) return i;
    for (let k = 2; k < length; k++) if (((bytes[i + k] as number) & 0xc0) !== 0x80) return i;
    i += length;
  }
  return -1;
}
