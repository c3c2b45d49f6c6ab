import { Tokenizer as Reference } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenizerFromJson } from '#dist/tokenizers/index.js';
import { WordTokenizer } from '#dist/tokenizers/words.js';

const numbers = new WordTokenizer([...Array.from({ length: 97 }, (_, n) => String(n)), '+', '=']);
const words = fc.uniqueArray(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((word) => /^\S+$/u.test(word)),
  { minLength: 1, maxLength: 30 },
);

describe('a word tokenizer', () => {
  test('every word is one token, whatever the white space between', () => {
    expect(numbers.encode('12 + 85 = 0')).toEqual([12, 97, 85, 98, 0]);
    expect(numbers.encode('  12\t+\n85 = ')).toEqual([12, 97, 85, 98]);
    expect(numbers.encode('')).toEqual([]);
    expect(numbers.decode([12, 97, 85, 98, 0])).toBe('12 + 85 = 0');
    expect(numbers.idOf('96')).toBe(96);
    expect(numbers.idOf('97')).toBeUndefined();
  });

  test('offsets lead back to the words', () => {
    fc.assert(
      fc.property(words, fc.array(fc.nat()), (vocabulary, picks) => {
        const tokenizer = new WordTokenizer(vocabulary);
        const ids = picks.map((pick) => pick % vocabulary.length);
        const text = tokenizer.decode(ids);
        const { ids: found, offsets } = tokenizer.encodeWithOffsets(`  ${text}`);
        expect(found).toEqual(ids);
        expect(offsets.map(([start, end]) => `  ${text}`.slice(start, end))).toEqual(tokenizer.tokens(ids));
      }),
    );
  });

  test('the reference library reads its JSON with equal ids and text; so do we', () => {
    const texts = ['12 + 85 = 0', '0', ' 96  =\n+ ', '1 2 3 4 5 6 7 8 9 10'];
    const json = JSON.parse(JSON.stringify(numbers.toJson())) as object;
    const reference = new Reference(json as never, numbers.configJson as never);
    const loaded = tokenizerFromJson(json, numbers.configJson);
    expect(loaded.size).toBe(numbers.size);
    for (const text of texts) {
      const ids = numbers.encode(text);
      expect(reference.encode(text).ids).toEqual(ids);
      expect(loaded.encode(text)).toEqual(ids);
      expect(loaded.decode(ids)).toBe(numbers.decode(ids));
      expect(loaded.tokens(ids)).toEqual(numbers.tokens(ids));
    }
  });

  test('a word that is not in the vocabulary is refused, before and after saving', () => {
    expect(() => numbers.encode('12 + 97 =')).toThrow('"97" at position 5');
    expect(() => numbers.encode('12+85')).toThrow('spaces between words');
    expect(() => tokenizerFromJson(numbers.toJson(), numbers.configJson).encode('12 + 97 =')).toThrow(/97/);
    expect(() => numbers.decode([99])).toThrow('from 0 to 98');
  });

  test('a list that is no vocabulary is refused', () => {
    expect(() => new WordTokenizer([])).toThrow('an empty list');
    expect(() => new WordTokenizer(['a', 'b', 'a'])).toThrow('"a"');
    expect(() => new WordTokenizer(['a b'])).toThrow('"a b"');
    expect(() => new WordTokenizer([''])).toThrow('""');
  });
});
