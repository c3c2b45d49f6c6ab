import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutPoint, cutText } from '#dist/datasets/index.js';

/** The pre-tokens of GPT-2 (Radford and others 2019), as its code splits text. */
const gpt2 = (text: string) => text.match(/'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu) ?? [];
const text = fc.string({ unit: fc.constantFrom('a', 'b.', ' ', '\n', '\n', '\r\n', '\u{1f319}', '1'), maxLength: 40 });

describe('cutPoint', () => {
  test('cutting at a newline before text leaves the pre-tokens of GPT-2 as they are', () => {
    let cuts = 0;
    fc.assert(
      fc.property(text, (whole) => {
        const cut = cutPoint(whole, Number.POSITIVE_INFINITY);
        if (cut === 0) return;
        cuts++;
        expect([...gpt2(whole.slice(0, cut)), ...gpt2(whole.slice(cut))]).toEqual(gpt2(whole));
      }),
      { numRuns: 3000 },
    );
    expect(cuts).toBeGreaterThan(1000);
  });

  test.each([
    ['one\ntwo\nthree', 'one\ntwo\n'],
    ['one\ntwo\n\nthree\n', 'one\n'], // a newline that stands alone, though it is further from the end
    ['one\n\ntwo\n\n\nthree', 'one\n\ntwo\n\n'],
    ['one\n two\n three', ''], // what follows is space: wait for more
    ['one\n\n', ''],
    ['\ntwo', ''],
    ['one', ''],
  ])('%j is cut behind %j', (whole, first) => {
    expect(whole.slice(0, cutPoint(whole, 1000))).toBe(first);
  });

  test('a text that has become too long is cut after any newline, else between characters', () => {
    expect(cutPoint('one\n two', 8)).toBe(4);
    expect(cutPoint('abcdefgh', 8)).toBe(8);
    expect(cutPoint('abcdefg\u{1f319}', 8)).toBe(7);
  });
});

test('parts are the text, none longer than asked, no character cut in two', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 9 }), (whole, most) => {
      const parts = cutText(whole, most);
      expect(parts.join('')).toBe(whole);
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(most);
        expect(part).not.toMatch(/\p{Surrogate}/u);
        if (parts.length > 1) expect(part).not.toBe('');
      }
    }),
    { numRuns: 1000 },
  );
});
