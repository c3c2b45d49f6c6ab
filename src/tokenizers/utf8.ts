/**
 * UTF-8 with a way for bytes that are none: the byte b ≥ 0x80 that belongs to no character travels in a string as the
 * lone surrogate U+DC00 + b (Python's `surrogateescape`, PEP 383), which no well-formed text contains.
 */
const escapeBase = 0xdc00;

/**
 * Writes `text.slice(start, end)` as UTF-8 into `into` from its beginning, which must have room for 3 bytes per UTF-16
 * unit. Half of a surrogate pair becomes U+FFFD, as `TextEncoder` does it, or with `escaped` the byte it stands for.
 *
 * @returns the number of bytes written
 */
export function writeUtf8(text: string, start: number, end: number, into: Uint8Array, escaped = false): number {
  let to = 0;
  for (let at = start; at < end; at++) {
    let code = text.charCodeAt(at);
    if (code < 0x80) {
      into[to++] = code;
      continue;
    }
    if (code < 0x800) {
      into[to++] = 0xc0 | (code >> 6);
      into[to++] = 0x80 | (code & 0x3f);
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) {
      const low = code < escapeBase && at + 1 < end ? text.charCodeAt(at + 1) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at++;
        into[to++] = 0xf0 | (code >> 18);
        into[to++] = 0x80 | ((code >> 12) & 0x3f);
        into[to++] = 0x80 | ((code >> 6) & 0x3f);
        into[to++] = 0x80 | (code & 0x3f);
        continue;
      }
      if (escaped && code >= escapeBase + 0x80 && code <= escapeBase + 0xff) {
        into[to++] = code - escapeBase;
        continue;
      }
      code = 0xfffd;
    }
    into[to++] = 0xe0 | (code >> 12);
    into[to++] = 0x80 | ((code >> 6) & 0x3f);
    into[to++] = 0x80 | (code & 0x3f);
  }
  return to;
}

/** For each byte of a word's UTF-8, the [start, end) of the character it belongs to. */
export function bytePlaces(text: string, start: number, end: number): [number, number][] {
  const places: [number, number][] = [];
  const scratch = new Uint8Array(6);
  for (let at = start; at < end; ) {
    const to = Math.min(end, at + ((text.codePointAt(at) as number) > 65535 ? 2 : 1));
    const bytes = writeUtf8(text, at, to, scratch);
    for (let i = 0; i < bytes; i++) places.push([at, to]);
    at = to;
  }
  return places;
}

/** Bytes as a string, if they are UTF-8; a byte order mark is a character like any other. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Any bytes as a string, those outside of characters as lone surrogates: `writeUtf8(…, true)` gives them back. */
export function escapedText(bytes: Uint8Array): string {
  const parts: string[] = [];
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let valid = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (at > valid) parts.push(decoder.decode(bytes.subarray(valid, at)));
    parts.push(String.fromCharCode(escapeBase + (bytes[at] as number)));
    valid = ++at;
  }
  if (bytes.length > valid) parts.push(decoder.decode(bytes.subarray(valid)));
  return parts.join('');
}

/** Bytes of the character that begins at `at`, 0 where none does (Unicode 15, table 3-7). */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 0;
  const second = bytes[at + 1] as number;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0;
  return length;
}
