import { fail } from '../../core/index.js';

/**
 * Bytes of a text file as text, without a byte order mark; everything else stays as it is.
 *
 * @param path for messages
 * @throws `file` naming the first byte that is NUL (a binary file) or not UTF-8
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  return decodePart(bytes, path, 0);
}

/**
 * `decodeText` of a file that comes in blocks, cut anywhere: a string for each block, a character that two blocks share
 * in the later one's.
 */
export async function* decodeBlocks(blocks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<string> {
  let rest = new Uint8Array(0);
  let offset = 0;
  for await (const block of blocks) {
    const bytes = rest.length === 0 ? block : joined(rest, block);
    const whole = bytes.length - cutCharacter(bytes);
    if (whole > 0) yield decodePart(bytes.subarray(0, whole), path, offset);
    rest = bytes.slice(whole);
    offset += whole;
  }
  if (rest.length > 0) yield decodePart(rest, path, offset); // always an error: the file ends within a character
}

/** @param offset where in the file the bytes begin */
function decodePart(bytes: Uint8Array, path: string, offset: number): string {
  const nul = bytes.indexOf(0);
  try {
    // Fatal and in one piece is what engines have a fast way for.
    if (nul < 0) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: offset > 0 }).decode(bytes);
  } catch (error) {
    if (firstInvalidByte(bytes) < 0) throw error;
  }
  const invalid = firstInvalidByte(bytes);
  if (nul >= 0 && (invalid < 0 || nul < invalid)) {
    throw fail('file', {
      where: path,
      rule: 'a text file',
      got: `a NUL byte at byte ${offset + nul}`,
      fix: 'Give a UTF-8 text file, not a binary one',
    });
  }
  const hex = (bytes[invalid] as number).toString(16).padStart(2, '0');
  throw fail('file', {
    where: path,
    rule: 'text in UTF-8',
    got: `0x${hex} at byte ${offset + invalid}, which is not UTF-8`,
    fix: 'Give a UTF-8 text file, or convert it from its encoding',
  });
}

/** How many bytes at the end begin a character that does not end there: 0 to 3. */
function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue; // a character's second byte or later
    return lengthAfter(byte) > back ? back : 0;
  }
  return 0;
}

/** Bytes of a character by its first one; 0 for bytes that begin none. */
function lengthAfter(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
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
    const length = lengthAfter(first);
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
