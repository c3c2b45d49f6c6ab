import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preTokenEnd } from '#dist/tokenizers/pre-tokens.js';
import { anyText, fixedTexts } from './texts.js';

const pattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

function words(text: string, from = 0, to = text.length): string[] {
  const found: string[] = [];
  for (let at = from; at < to; ) {
    const end = preTokenEnd(text, at, to);
    found.push(text.slice(at, end));
    at = end;
  }
  return found;
}

describe('the scanner of words', () => {
  it("finds what GPT-2's pattern finds", () => {
    for (const text of fixedTexts) expect(words(text)).toEqual(text.match(pattern) ?? []);
    fc.assert(
      fc.property(anyText, (text) => {
        expect(words(text)).toEqual(text.match(pattern) ?? []);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a part of a text for a text of its own', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (before, text, after) => {
        expect(words(before + text + after, before.length, before.length + text.length)).toEqual(text.match(pattern) ?? []);
      }),
    );
  });

  it('classes every code point as the pattern does', () => {
    for (let code = 0; code < 0x110000; code += code < 0x30000 ? 1 : 97) {
      const text = `a${String.fromCodePoint(code)}1`;
      if (words(text).length !== (text.match(pattern) ?? []).length)
        expect(words(text), `U+${code.toString(16)}`).toEqual(text.match(pattern));
    }
  });
});
