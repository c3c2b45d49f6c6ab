import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText, firstInvalidByte } from '#dist/datasets/index.js';

const strict = (bytes: Uint8Array) => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

// Bytes from the edges of the ranges, so that near misses are common.
const edge = fc.constantFrom(
  0x41,
  0x7f,
  0x80,
  0x8f,
  0x90,
  0x9f,
  0xa0,
  0xbf,
  0xc0,
  0xc1,
  0xc2,
  0xdf,
  0xe0,
  0xed,
  0xef,
  0xf0,
  0xf4,
  0xf5,
  0xff,
);

test('agrees with the platform: bytes are valid, and those before the first invalid one are a valid text', () => {
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 6 }), (list) => {
      const bytes = Uint8Array.from(list);
      const at = firstInvalidByte(bytes);
      expect(at < 0).toBe(strict(bytes));
      if (at >= 0) {
        expect(strict(bytes.subarray(0, at))).toBe(true);
        // no character begins at `at`
        for (let length = 1; length <= 4 && at + length <= bytes.length; length++)
          expect(strict(bytes.subarray(at, at + length))).toBe(false);
      }
    }),
    { numRuns: 3000 },
  );
});

test('gives back what was encoded, without a byte order mark', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((s) => !s.includes('\0') && !s.startsWith('\ufeff')),
      (text) => {
        const bytes = new TextEncoder().encode(text);
        expect(decodeText(bytes, 'a.txt')).toBe(text);
        expect(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes), 'a.txt')).toBe(text);
      },
    ),
  );
});

test('names the byte', () => {
  expect(() => decodeText(Uint8Array.of(65, 66, 0, 67), 'a.bin')).toThrow('a.bin: a text file; got a NUL byte at byte 2.');
  expect(() => decodeText(Uint8Array.of(65, 0xe9, 66), 'latin.txt')).toThrow('latin.txt: text in UTF-8; got 0xe9 at byte 1,');
  expect(() => decodeText(Uint8Array.of(65, 0xff, 0), 'a.bin')).toThrow('0xff at byte 1');
});
