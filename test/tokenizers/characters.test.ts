import { Tokenizer as Reference } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import { CharacterTokenizer, tokenizerFromJson, trainCharacterTokenizer, trainCharacterTokenizerFrom } from '#dist/tokenizers/index.js';

const wellFormed = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });
const awkward = 'a\n\n b\t\r\n  c 0123 . , \u0000\u00a0\u2028 e\u0301é 😀👩‍👩‍👧 𝔘 日本語 \ufeff <|endoftext|> don\'t "q" \\ ▁ Ġ';

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof HeadlightError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

describe('a character tokenizer', () => {
  it('has one id for each distinct code point, in their order', () => {
    const tokenizer = trainCharacterTokenizer('hello 😀!');
    expect(tokenizer.tokens(Array.from({ length: tokenizer.size }, (_, i) => i))).toEqual([' ', '!', 'e', 'h', 'l', 'o', '😀']);
    expect(tokenizer.encode('oh😀')).toEqual([5, 3, 6]);
  });

  it('gives a text back, and agrees with Array.from over code points', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        const tokenizer = trainCharacterTokenizer(text);
        const sorted = [...new Set(text)].sort((a, b) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number));
        const ids = tokenizer.encode(text);
        expect(ids).toEqual(Array.from(text, (c) => sorted.indexOf(c)));
        expect(Array.from(tokenizer.encodeToArray(text))).toEqual(ids);
        expect(tokenizer.decode(ids)).toBe(text);
      }),
    );
  });

  it('is read by the reference library from its JSON with equal ids and text', () => {
    const check = (text: string): void => {
      const tokenizer = trainCharacterTokenizer(text);
      const json = JSON.parse(JSON.stringify(tokenizer.toJson())) as object;
      const reference = new Reference(json, tokenizer.configJson as object);
      const ids = tokenizer.encode(text);
      expect(reference.encode(text).ids).toEqual(ids);
      expect(reference.decode(ids)).toBe(text);
    };
    check(awkward);
    fc.assert(fc.property(wellFormed, check), { numRuns: 60 });
  });

  it('comes back from its JSON as the same fast tokenizer, with the configuration it was given', () => {
    const tokenizer = trainCharacterTokenizer(awkward);
    const json: unknown = JSON.parse(JSON.stringify(tokenizer.toJson()));
    const again = tokenizerFromJson(json, { model_max_length: 8 });
    expect(again).toBeInstanceOf(CharacterTokenizer);
    expect(again.encode(awkward)).toEqual(tokenizer.encode(awkward));
    expect(again.configJson).toEqual({ model_max_length: 8 });
  });

  it('is not taken for one where the JSON says anything else', () => {
    const json = trainCharacterTokenizer('abc').toJson() as object;
    expect(tokenizerFromJson({ ...json, normalizer: { type: 'Lowercase' } })).not.toBeInstanceOf(CharacterTokenizer);
    const special = { id: 3, content: '<s>', special: true };
    const withSpecial = tokenizerFromJson({ ...json, added_tokens: [special] });
    expect(withSpecial).not.toBeInstanceOf(CharacterTokenizer);
    expect(withSpecial.encode('a<s>b')).toEqual([0, 3, 1]);
    expect(withSpecial.decode([0, 3, 1])).toBe('ab');
    expect(withSpecial.decode([0, 3, 1], { specialTokens: true })).toBe('a<s>b');
  });

  it('names the character it does not know, and where', () => {
    const tokenizer = trainCharacterTokenizer('abc 😀');
    expect(code(() => tokenizer.encode('ab\n'))).toMatch(/^tokenizer: .*"\\n" \(U\+000A\) at position 2/);
    expect(code(() => tokenizer.encode('😀😁'))).toMatch(/"😁" \(U\+1F601\) at position 2/);
    expect(code(() => tokenizer.encode('a\ud83d'))).toMatch(/U\+D83D/);
  });

  it('refuses ids outside its vocabulary, no text, and half characters', () => {
    const tokenizer = trainCharacterTokenizer('ab');
    for (const id of [-1, 2, 0.5, Number.NaN]) expect(code(() => tokenizer.decode([id]))).toMatch(/^tokenizer: .*from 0 to 1/);
    expect(code(() => trainCharacterTokenizer(''))).toMatch(/^tokenizer: /);
    expect(code(() => trainCharacterTokenizer('a\udc00b'))).toMatch(/^tokenizer: .*position 1/);
  });

  it('is the same from a stream as from the whole text', async () => {
    async function* stream(): AsyncGenerator<string> {
      yield 'hello ';
      yield '😀';
      yield '';
      yield '!';
    }
    const whole = trainCharacterTokenizer('hello 😀!');
    for (const texts of [stream(), ['hello 😀!'], 'hello 😀!']) {
      expect((await trainCharacterTokenizerFrom(texts)).toJson()).toEqual(whole.toJson());
    }
    await expect(trainCharacterTokenizerFrom([])).rejects.toThrow(/an empty one/);
    await expect(trainCharacterTokenizerFrom(['a', '\ud83d'])).rejects.toThrow(/half of a surrogate pair/);
  });

  it('encodes 4 million characters in seconds, not minutes', () => {
    const text = 'The quick brown fox jumps over the lazy dog.\n'.repeat(90_000);
    const tokenizer = trainCharacterTokenizer(text);
    const start = performance.now();
    expect(tokenizer.encodeToArray(text).length).toBe(text.length);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
