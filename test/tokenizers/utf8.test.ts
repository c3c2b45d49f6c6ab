import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapedText, textOf, writeUtf8 } from '#dist/tokenizers/utf8.js';
import { anyText } from './texts.js';

function written(text: string, escaped = false): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  return bytes.slice(0, writeUtf8(text, 0, text.length, bytes, escaped));
}

describe('UTF-8', () => {
  it('is written as TextEncoder does', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(written(text)).toEqual(new TextEncoder().encode(text));
      }),
      { numRuns: 500 },
    );
  });

  it('carries any bytes through a string, and changes nothing where they are text', () => {
    const parts = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 4 }).map((s) => new TextEncoder().encode(s)),
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (list) => {
        const bytes = Uint8Array.from(list.flatMap((p) => [...p]));
        const text = escapedText(bytes);
        expect(written(text, true)).toEqual(bytes);
        const plain = textOf(bytes);
        if (plain !== undefined) expect(text).toBe(plain);
        else expect(/\p{Cs}/u.test(text)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('escapes what only looks like a character', () => {
    // Overlong, half of a surrogate pair, beyond U+10FFFF, cut off.
    for (const bytes of [
      [0xc0, 0x80],
      [0xe0, 0x80, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf0, 0x9f, 0x98],
    ]) {
      const text = escapedText(Uint8Array.from(bytes));
      expect(text).toBe(String.fromCharCode(...bytes.map((b) => 0xdc00 + b)));
    }
  });
});
