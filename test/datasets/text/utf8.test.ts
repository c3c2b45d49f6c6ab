import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBlocks, decodeText, firstInvalidByte } from '#dist/datasets/index.js';

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

describe('in blocks', () => {
  async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = sizes[i % sizes.length] as number;
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  async function decoded(bytes: Uint8Array, sizes: readonly number[]): Promise<string> {
    let text = '';
    for await (const part of decodeBlocks(cut(bytes, sizes), 'a.txt')) text += part;
    return text;
  }
  const sizesOf = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });

  test('wherever they are cut, the text is that of the whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }).filter((s) => !s.includes('\0')),
        sizesOf,
        async (text, sizes) => {
          const bytes = new TextEncoder().encode(text);
          expect(await decoded(bytes, sizes)).toBe(decodeText(bytes, 'a.txt'));
        },
      ),
    );
  });

  test('what is no text is refused with the same words, the byte counted from the beginning of the file', async () => {
    const word = (work: () => unknown) =>
      Promise.resolve()
        .then(work)
        .catch((error: Error) => error.message);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(edge, fc.constant(0x41), fc.constant(0)), { maxLength: 12 }), sizesOf, async (list, sizes) => {
        const bytes = Uint8Array.from(list);
        expect(await word(() => decoded(bytes, sizes))).toBe(await word(() => decodeText(bytes, 'a.txt')));
      }),
      { numRuns: 2000 },
    );
  });
});
