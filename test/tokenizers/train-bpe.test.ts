import { describe, expect, it } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import { ByteLevelTokenizer, type TrainingProgress, trainBpe, trainUnigram, trainWordPiece } from '#dist/tokenizers/index.js';
import { corpus } from './texts.js';

async function* stream(texts: readonly string[]): AsyncGenerator<string> {
  for (const text of texts) yield text;
}

type Json = { model: { vocab: Record<string, number>; merges: string[] }; added_tokens: { id: number; content: string }[] };

describe('training a byte-level BPE vocabulary', () => {
  it('merges by hand', async () => {
    // Words: low, ␣low, ␣lower twice. l·o and o·w stand 4 times, lo·w then 4, ␣·low 3, and what is in ␣lower alone twice.
    const tokenizer = await trainBpe(['low low', ' lower lower'], { size: 262, specialTokens: [] });
    const { model } = tokenizer.toJson() as Json;
    // Ties go to the lower ids: l (0x6c) comes before o (0x6f).
    expect(model.merges).toEqual(['l o', 'lo w', 'Ġ low', 'e r', 'Ġlow er']);
    expect(tokenizer.tokens(tokenizer.encode(' lower low'))).toEqual([' lower', ' low']);
  });

  it('puts special tokens first, then bytes, then merges', async () => {
    const tokenizer = await trainBpe(corpus, { size: 300, specialTokens: ['<|endoftext|>', '<|user|>'] });
    expect(tokenizer).toBeInstanceOf(ByteLevelTokenizer);
    expect(tokenizer.size).toBe(300);
    expect([tokenizer.idOf('<|endoftext|>'), tokenizer.idOf('<|user|>'), tokenizer.idOf('!'), tokenizer.idOf('Ń')]).toEqual([0, 1, 2, 257]);
    expect(tokenizer.encode('a<|user|>').at(-1)).toBe(1);
    expect(tokenizer.configJson).toMatchObject({ tokenizer_class: 'PreTrainedTokenizerFast', eos_token: '<|endoftext|>' });
  });

  it('gives the same from a text, parts of it, and a stream of them', async () => {
    const parts = corpus.split(/(?<=\n)/);
    const whole = await trainBpe(parts, { size: 340 });
    expect((await trainBpe(stream(parts), { size: 340 })).toJson()).toEqual(whole.toJson());
    const single = await trainBpe('low low', { size: 258 });
    expect((await trainBpe(['low low'], { size: 258 })).toJson()).toEqual(single.toJson());
  });

  it('learns nothing from special tokens in the text', async () => {
    const tokenizer = await trainBpe('<|endoftext|>'.repeat(50) + 'ab'.repeat(3), { size: 300 });
    expect((tokenizer.toJson() as Json).model.merges.join()).not.toContain('text');
  });

  it('ends where no pair is frequent enough', async () => {
    expect((await trainBpe('abc', { size: 400 })).size).toBe(257);
    expect((await trainBpe('abc', { size: 400, minFrequency: 1 })).size).toBe(259);
  });

  it('says how far it is', async () => {
    const seen: TrainingProgress[] = [];
    await trainBpe([corpus, corpus], { size: 300, onProgress: (p) => seen.push(p) });
    expect(seen.filter((p) => p.stage === 'reading').map((p) => p.done)).toEqual([corpus.length, 2 * corpus.length]);
    expect(seen.at(-1)).toEqual({ stage: 'learning', done: 300, total: 300 });
  });
});

describe('every trainer', () => {
  it.each([
    ['trainBpe', trainBpe, 257],
    ['trainUnigram', trainUnigram, 257],
    ['trainWordPiece', trainWordPiece, 6],
  ] as const)('%s refuses what cannot be, in one line', async (name, train, least) => {
    const failure = async (work: Promise<unknown>): Promise<string> => {
      const error = await work.then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(HeadlightError);
      const { code, message } = error as HeadlightError;
      expect(message).not.toContain('\n');
      return `${code}: ${message}`;
    };
    for (const size of [0, least - 1, 300.5, Number.NaN, 2 ** 23]) {
      expect(await failure(train(corpus, { size }))).toMatch(new RegExp(`^value: ${name}: size: a whole number from ${least} `));
    }
    for (const specialTokens of [[''], ['x'], ['<s>', '<s>'], ['Ġthe'], ['a\ud800']]) {
      expect(await failure(train(corpus, { size: 500, specialTokens: ['[UNK]', ...specialTokens] }))).toMatch(/^value: .*specialTokens/);
    }
    for (const texts of ['', [], ['', '']]) expect(await failure(train(texts, { size: 500 }))).toMatch(/^tokenizer: .*none, or only empty/);
  });

  it('refuses a frequency that is none', async () => {
    for (const minFrequency of [0, 1.5]) await expect(trainBpe(corpus, { size: 300, minFrequency })).rejects.toThrow(/minFrequency/);
    await expect(trainWordPiece(corpus, { size: 300, alphabet: 0 })).rejects.toThrow(/alphabet/);
    await expect(trainWordPiece(corpus, { size: 300, specialTokens: ['[CLS]'] })).rejects.toThrow(/\[UNK\]/);
  });
});
