import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { HuggingFaceTokenizer, type Tokenizer, trainWordPiece } from '#dist/tokenizers/index.js';
import { anyText, corpus, fixedTexts, referenceOf } from './texts.js';

/** Devlin et al. 2018: from the left, the longest token of the vocabulary that fits. */
function pieces(word: string, vocabulary: ReadonlySet<string>): string[] {
  const characters = [...word];
  const found: string[] = [];
  for (let at = 0; at < characters.length; ) {
    const lengths = Array.from({ length: characters.length - at }, (_, i) => characters.length - at - i);
    const form = (n: number): string => (at > 0 ? '##' : '') + characters.slice(at, at + n).join('');
    const length = lengths.find((n) => vocabulary.has(form(n)));
    if (length === undefined) return ['[UNK]'];
    found.push(form(length));
    at += length;
  }
  return found;
}

describe('training a WordPiece vocabulary', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await trainWordPiece(corpus, { size: 120 });
  });

  it('has the ids of the kept library, and its places for [CLS] and [SEP]', () => {
    const reference = referenceOf(tokenizer);
    for (const text of fixedTexts) expect(tokenizer.encode(text)).toEqual(reference.encode(text).ids);
    fc.assert(
      fc.property(anyText, (text) => {
        const { ids } = reference.encode(text);
        expect(tokenizer.encode(text)).toEqual(ids);
        expect([ids[0], ids.at(-1)]).toEqual([tokenizer.idOf('[CLS]'), tokenizer.idOf('[SEP]')]);
      }),
    );
    expect([...(tokenizer.encodeToArray?.('the fox') ?? [])]).toEqual(tokenizer.encode('the fox').slice(1, -1));
    expect(tokenizer).toBeInstanceOf(HuggingFaceTokenizer);
    expect(tokenizer.tokens([0, 1, 2, 3, 4])).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']);
  });

  it('cuts words of the corpus into the longest tokens there are, none of them unknown', () => {
    const { vocab } = (tokenizer.toJson() as { model: { vocab: Record<string, number> } }).model;
    const vocabulary = new Set(Object.keys(vocab));
    expect(vocabulary.size).toBe(120);
    for (const word of new Set(
      corpus
        .toLowerCase()
        .normalize('NFD')
        .replace(/\p{Mn}/gu, '')
        .match(/[a-z]+/g),
    )) {
      const tokens = tokenizer.tokens(tokenizer.encode(word, { specialTokens: false }));
      expect(tokens).toEqual(pieces(word, vocabulary));
      expect(tokens).not.toContain('[UNK]');
    }
    expect(tokenizer.tokens(tokenizer.encode('LOWEST', { specialTokens: false }))).toEqual(['lowest']);
    expect(tokenizer.decode(tokenizer.encode('The Naïve fox, asleep'))).toBe('the naive fox, asleep');
  });

  it('merges the most frequent pair, first parts of words and inner ones apart', async () => {
    const small = await trainWordPiece('ab ab ab bab bab', { size: 9, specialTokens: ['[UNK]'] });
    const vocab = Object.entries((small.toJson() as { model: { vocab: Record<string, number> } }).model.vocab);
    // a·##b stands 3 times, b·##a and ##a·##b twice each: of these, b has the lower id.
    expect(vocab.sort(([, a], [, b]) => a - b).map(([t]) => t)).toEqual(['[UNK]', 'a', 'b', '##a', '##b', 'ab', 'ba', 'bab']);
  });

  it('keeps case and accents when told to', async () => {
    const cased = await trainWordPiece('Été Été été', { size: 40, lowercase: false });
    expect(cased.decode(cased.encode('Été'))).toBe('Été');
    expect(cased.configJson).toMatchObject({ do_lower_case: false, cls_token: '[CLS]', mask_token: '[MASK]' });
  });

  it('has no more characters than it is allowed, the most frequent', async () => {
    const few = await trainWordPiece('aaa aaa bb c', { size: 100, alphabet: 2 });
    expect(few.tokens(few.encode('a b c aaa', { specialTokens: false }))).toEqual(['a', 'b', '[UNK]', 'aaa']);
    const tight = await trainWordPiece('abcdefgh ijklm', { size: 8 });
    expect(tight.size).toBeLessThanOrEqual(8);
  });

  it('adds nothing around a text without [CLS] and [SEP]', async () => {
    const plain = await trainWordPiece('a b', { size: 30, specialTokens: ['[UNK]'] });
    expect(plain.tokens(plain.encode('a b'))).toEqual(['a', 'b']);
  });
});
