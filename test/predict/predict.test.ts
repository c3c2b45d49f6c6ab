import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadEncoder } from '#dist/checkpoints/index.js';
import { type HostArray, host } from '#dist/core/index.js';
import { Bert } from '#dist/models/index.js';
import type { Tensor } from '#dist/ops/index.js';
import { answer, classifyText, classifyTexts, EncoderRunner, embed, fillMask, pool, readPooling, tagTokens } from '#dist/predict/index.js';
import { groupTokens } from '#dist/predict/tag-tokens.js';
import { compile } from '#dist/runtime/index.js';
import { loadTokenizer, type Tokenizer } from '#dist/tokenizers/index.js';
import { referenceOf } from '../models/checkpoint.js';
import { fixture, largestDifference } from '../support/arrays.js';

const made: EncoderRunner[] = [];
async function runnerOf(name: string, options: ConstructorParameters<typeof EncoderRunner>[2] = {}): Promise<EncoderRunner> {
  const tokenizer = (await loadTokenizer(fixture(name))) as Tokenizer;
  const runner = new EncoderRunner(await loadEncoder(fixture(name)), tokenizer, options);
  made.push(runner);
  return runner;
}
afterAll(async () => {
  for (const runner of made) await runner.dispose();
});

/** The model's own logits of one row, run as it is, without batch, mask or runner. */
async function plainLogits(model: Bert, ids: readonly number[], types?: readonly number[]): Promise<HostArray> {
  const run = compile((x: Tensor, t: Tensor) => (types ? model.forward(x, { types: t }) : model.forward(x)));
  const array = (row: readonly number[]): HostArray => host([[...row]], { dtype: 'int32' });
  const result = await run(array(ids), array(types ?? ids));
  await run.dispose();
  return result;
}

const texts = ['the cat sat on the mat .', 'dog', 'who is in paris , the cat ?', 'the dog ran home'];

test.each(['bert-sequence', 'roberta-sequence', 'distilbert-sequence'])(
  '%s: a row in a batch is the row alone within 1e-5',
  async (name) => {
    const runner = await runnerOf(name, { batch: 3 });
    const together = await classifyTexts(runner, texts);
    for (const [i, text] of texts.entries()) {
      const alone = await classifyText(runner, text);
      const logits = (await plainLogits(runner.model, runner.tokenizer.encode(text))).data;
      expect(alone.map(({ label }) => label)).toEqual(together[i]?.map(({ label }) => label));
      expect(
        largestDifference(
          together[i]?.map((l) => l.probability),
          alone.map((l) => l.probability),
        ),
      ).toBeLessThan(1e-5);
      // Ratios of probabilities are differences of logits, an oracle that has no softmax.
      for (const { index, probability } of alone) {
        const top = alone[0] as (typeof alone)[number];
        expect(Math.log(probability / top.probability)).toBeCloseTo(Number(logits[index]) - Number(logits[top.index]), 4);
      }
      expect(alone.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 10);
    }
  },
);

test('several labels at once, or one alone: each by itself', async () => {
  const single = await runnerOf('bert-sequence');
  const { tokenizer, model } = single;
  const head = single.requireHead('sequence', 'test');
  const several = new Bert({ ...model.config, head: { ...head, several: true } });
  const own = model.parameters();
  for (const [name, parameter] of several.parameters()) parameter.value = (own.get(name) as typeof parameter).value;
  const runner = new EncoderRunner(several, tokenizer);
  made.push(runner);
  const logits = (await plainLogits(model, tokenizer.encode('the cat'))).data;
  for (const { index, probability } of await classifyText(runner, 'the cat')) {
    expect(Math.log(probability / (1 - probability))).toBeCloseTo(Number(logits[index]), 4);
  }
});

describe('embed', () => {
  test('mean over the mask, normalised: PyTorch’s, read from the folder of sentence-transformers', async () => {
    const runner = await runnerOf('minilm-tiny');
    const reference = await referenceOf('minilm-tiny/reference.safetensors');
    const [ids, types] = ['ids', 'types'].map((key) => (reference.get(key) as HostArray).toArray() as number[][]) as [
      number[][],
      number[][],
    ];
    const rows = [9, 6].map((n, r) => ({ ids: (ids[r] as number[]).slice(0, n), types: (types[r] as number[]).slice(0, n) }));
    const pooling = await readPooling(fixture('minilm-tiny'));
    expect(pooling).toEqual({ mode: 'mean', normalize: true });
    const states = await runner.run(rows, 'hidden');
    for (const [name, how] of [
      ['mean', pooling],
      ['max', { mode: 'max', normalize: false }],
      ['cls', { mode: 'cls', normalize: false }],
    ] as const) {
      const got = states.flatMap(({ values, width }) => [...pool(values, width, how)]);
      expect(largestDifference(got, reference.get(`reference.${name}`)?.data), name).toBeLessThan(1e-4);
    }
  });

  test('a batch gives each text’s own vector, of length 1; heads do not matter', async () => {
    const runner = await runnerOf('minilm-tiny', { batch: 4, check: true });
    const how = { mode: 'mean', normalize: true } as const;
    const together = await embed(runner, texts, how);
    for (const [i, text] of texts.entries()) {
      const [alone] = await embed(runner, [text], how);
      expect(largestDifference(together[i], alone)).toBeLessThan(1e-5);
      expect(Math.hypot(...(alone ?? []))).toBeCloseTo(1, 5);
    }
    expect((await embed(await runnerOf('roberta-token'), ['the cat']))[0]?.length).toBe(16);
  });

  test('pooling by hand', () => {
    const hidden = Float32Array.of(1, -2, 5, 4);
    expect([...pool(hidden, 2, { mode: 'mean', normalize: false })]).toEqual([3, 1]);
    expect([...pool(hidden, 2, { mode: 'max', normalize: false })]).toEqual([5, 4]);
    expect([...pool(hidden, 2, { mode: 'cls', normalize: false })]).toEqual([1, -2]);
    expect([...pool(Float32Array.of(3, 4), 2, { mode: 'mean', normalize: true })].map((x) => x.toFixed(6))).toEqual([
      '0.600000',
      '0.800000',
    ]);
    expect([...pool(Float32Array.of(0, 0), 2, { mode: 'mean', normalize: true })]).toEqual([0, 0]);
  });

  test('pooling of another kind is refused; without modules it is the mean', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headlight-'));
    try {
      expect(await readPooling(folder)).toEqual({ mode: 'mean', normalize: false });
      await cp(fixture('minilm-tiny'), folder, { recursive: true });
      await writeFile(join(folder, '1_Pooling', 'config.json'), JSON.stringify({ pooling_mode_mean_sqrt_len_tokens: true }));
      await expect(readPooling(folder)).rejects.toThrow(/pooling_mode_mean_tokens.*got pooling_mode_mean_sqrt_len_tokens/);
      await writeFile(join(folder, 'modules.json'), JSON.stringify([{ type: 'sentence_transformers.models.Dense' }]));
      await expect(readPooling(folder)).rejects.toThrow(/Transformer, Pooling and Normalize; got .*Dense/);
      await writeFile(join(folder, 'modules.json'), '{');
      await expect(readPooling(folder)).rejects.toThrow(/a file of JSON/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('fillMask', () => {
  test.each([
    ['bert-masked', '[MASK]'],
    ['roberta-masked', '<mask>'],
    ['distilbert-masked', '[MASK]'],
  ])('%s', async (name, mask) => {
    const runner = await runnerOf(name);
    const text = `the ${mask} sat on the ${mask} .`;
    const filled = await fillMask(runner, text, 3);
    const ids = runner.tokenizer.encode(text);
    expect(filled.map(({ position }) => position)).toEqual([2, 6]);
    const logits = await plainLogits(runner.model, ids);
    for (const { position, candidates } of filled) {
      const row = Array.from(logits.data.slice(position * runner.model.vocabulary, (position + 1) * runner.model.vocabulary), Number);
      const best = row
        .map((score, id) => ({ score, id }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 3);
      expect(candidates.map(({ id }) => id)).toEqual(best.map(({ id }) => id));
    }
    const [first, second] = filled.map(({ candidates }) => candidates[0]);
    expect(first?.text).toBe(`the ${first?.token} sat on the ${mask} .`);
    expect(second?.text).toBe(`the ${mask} sat on the ${second?.token} .`);
  });

  test('a text without a mask, and a model without words to give', async () => {
    await expect(fillMask(await runnerOf('bert-masked'), 'the cat')).rejects.toThrow(/text: at least one \[MASK\].*got "the cat"/);
    await expect(fillMask(await runnerOf('bert-token'), 'the [MASK]')).rejects.toThrow(/masked words; got labels of tokens/);
  });
});

describe('tagTokens', () => {
  test('every token’s likeliest label, in parts that lie where they say', async () => {
    for (const name of ['bert-token', 'roberta-token', 'distilbert-token']) {
      const runner = await runnerOf(name);
      const text = 'The Dog ran home, who is in Paris?';
      const spans = await tagTokens(runner, text);
      for (const { text: part, start, end } of spans) expect(text.slice(start, end)).toBe(part);
      const { ids, offsets } = runner.tokenizer.encodeWithOffsets(text);
      const logits = await plainLogits(runner.model, ids);
      const labels = (runner.model.config.head as { labels: readonly string[] }).labels;
      const n = labels.length;
      ids.forEach((_, t) => {
        const row = Array.from(logits.data.slice(t * n, (t + 1) * n), Number);
        const label = labels[row.indexOf(Math.max(...row))]?.replace(/^[BI]-/, '');
        const [start, end] = offsets[t] as [number, number];
        const inside = spans.find((s) => s.start <= start && end <= s.end);
        if (start < end) expect(inside?.label ?? 'O', `${name} ${text.slice(start, end)}`).toBe(label);
      });
    }
  });

  test('B- begins another part, I- goes on, O ends', () => {
    const text = 'ab cd ef gh ij';
    const labels = ['B-X', 'I-X', 'B-X', 'O', 'I-X'];
    const tokens = labels.map((label, i) => ({ label, start: 3 * i, end: 3 * i + 2, probability: i / 10 }));
    expect(groupTokens(tokens, text).map((s) => [s.label, s.text, s.probability])).toEqual([
      ['X', 'ab cd', 0.05],
      ['X', 'ef', 0.2],
      ['X', 'ij', 0.4],
    ]);
  });
});

describe('answer', () => {
  const question = 'where is the cat ?';
  const context = 'the dog ran home . the cat is in paris , france .';

  test.each(['bert-question', 'roberta-question', 'distilbert-question'])('%s: the best span of an exhaustive search', async (name) => {
    const { model, tokenizer } = await runnerOf(name);
    const short = 'the cat is in paris';
    const [asked, piece] = [tokenizer.encode(question), tokenizer.encodeWithOffsets(short, { specialTokens: false })];
    const end = asked.at(-1) as number;
    const before = name.startsWith('roberta') ? [...asked, end] : asked;
    const ids = [...before, ...piece.ids, end];
    const logits = Array.from(
      (await plainLogits(model, ids, model.config.types > 1 ? ids.map((_, t) => Number(t >= before.length)) : undefined)).data,
      Number,
    );
    let want = { score: -Infinity, text: '' };
    piece.offsets.forEach(([from], i) => {
      piece.offsets.slice(i).forEach(([, to], k) => {
        const score = (logits[2 * (before.length + i)] ?? 0) + (logits[2 * (before.length + i + k) + 1] ?? 0);
        if (score > want.score) want = { score, text: short.slice(from, to) };
      });
    });
    const got = await answer(await runnerOf(name), question, short);
    expect(got.text).toBe(want.text);
    expect(got.score).toBeCloseTo(want.score, 4);
    expect(short.slice(got.start, got.end)).toBe(got.text);
  });

  test('a long context is read in pieces, each answered like itself alone', async () => {
    const runner = await runnerOf('bert-question');
    const long = `${context} ${context} ${context}`;
    const got = await answer(runner, question, long, { overlap: 4 });
    expect(long.slice(got.start, got.end)).toBe(got.text);
    const { offsets } = runner.tokenizer.encodeWithOffsets(long, { specialTokens: false });
    const room = 24 - runner.tokenizer.encode(question).length - 1;
    const scores: number[] = [];
    for (let first = 0; first === 0 || first + 4 < offsets.length; first += room - 4) {
      const part = long.slice(offsets[first]?.[0], offsets[Math.min(first + room, offsets.length) - 1]?.[1]);
      scores.push((await answer(runner, question, part)).score);
    }
    expect(scores.length).toBeGreaterThan(2);
    expect(got.score).toBeCloseTo(Math.max(...scores), 4);
  });

  test('a question that leaves no room, and an overlap that never moves on', async () => {
    const runner = await runnerOf('bert-question');
    await expect(answer(runner, 'cat '.repeat(22), context)).rejects.toThrow(/question: at most 22 tokens.*got 24/);
    await expect(answer(runner, question, context, { overlap: 99 })).rejects.toThrow(/overlap: a whole number from 0/);
  });
});

describe('what cannot be read', () => {
  let runner: EncoderRunner;
  beforeAll(async () => {
    runner = await runnerOf('bert-sequence');
  });

  test('empty, and beyond the context', async () => {
    await expect(classifyText(runner, ' ')).rejects.toThrow(/text: a text with at least one character/);
    await expect(classifyTexts(runner, ['cat', ''])).rejects.toThrow(/text 2: a text with/);
    await expect(classifyText(runner, 'cat '.repeat(23))).rejects.toThrow(/1 to 24 tokens.*got 25. Shorten it/);
  });

  test('a tokenizer of a larger vocabulary', async () => {
    const small = new Bert({ vocabulary: 9, context: 8, layers: 1, heads: 1, width: 4 });
    expect(() => new EncoderRunner(small, runner.tokenizer)).toThrow(/vocabulary, 9 ids at most; got 74 ids/);
    expect(() => new EncoderRunner(runner.model, runner.tokenizer, { batch: 0 })).toThrow(/batch: a whole number/);
  });
});
