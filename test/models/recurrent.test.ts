import { describe, expect, test } from 'vitest';
import { HostArray, symbol } from '#dist/core/index.js';
import type { TrainingData } from '#dist/datasets/index.js';
import { beamSearch, generateAll, generateBatchAll, nextTokens, nextTokensOnnx } from '#dist/generate/index.js';
import { lens } from '#dist/lens/index.js';
import {
  ConvolutionalEncoder,
  ConvolutionalLanguageModel,
  type LanguageModel,
  RecurrentEncoder,
  RecurrentLanguageModel,
  SequenceClassifier,
} from '#dist/models/index.js';
import { evaluate, input } from '#dist/ops/index.js';
import { adamW, train } from '#dist/train/index.js';
import { largestDifference } from '../support/arrays.js';
import { sizes, statefulModels } from './small.js';

/** The log probabilities are those of a model that reads each text as a whole, in float64. */
function expectRead(model: LanguageModel, start: number, ids: readonly number[], logprobs: readonly number[]): void {
  const tokens = input('ids', [1, ids.length], 'int32');
  const [logits] = evaluate([model.forward(tokens)], new Map([[tokens, { shape: [1, ids.length], data: Float64Array.from(ids) }]]));
  expect(logprobs.length).toBe(ids.length - start);
  ids.slice(start).forEach((id, i) => {
    const row = Array.from(logits?.data.subarray((start + i - 1) * sizes.vocabulary, (start + i) * sizes.vocabulary) ?? []);
    expect(logprobs[i]).toBeCloseTo(Number(row[id]) - Math.log(row.reduce((s, v) => s + Math.exp(v), 0)), 4);
  });
}

describe.each(Object.entries(statefulModels))('%s', (_, make) => {
  const prompt = [3, 0, 6, 2];

  test('generates from its state what reading anew says, past its context too', async () => {
    const model = make();
    const { newIds, logprobs } = await generateAll(model, prompt, { maxNewTokens: 12, temperature: 3, seed: 1 });
    expect(new Set(newIds).size).toBeGreaterThan(1);
    expectRead(model, prompt.length, [...prompt, ...newIds], logprobs);
  });

  test('texts side by side and beams are those alone', async () => {
    const model = make();
    const options = { maxNewTokens: 6, temperature: 2, seed: 4 };
    const prompts = [prompt, [1], [5, 5]];
    const both = await generateBatchAll(model, prompts, options);
    for (const [i, alone] of (await Promise.all(prompts.map((p) => generateAll(model, p, options)))).entries()) {
      expect(both[i]?.newIds).toEqual(alone.newIds);
      expect(both[i]?.logprobs).toEqual(alone.logprobs);
    }
    const greedy = await generateAll(model, [1], { maxNewTokens: 4, temperature: 0 });
    const [one] = await beamSearch(model, [1], { beams: 1, maxNewTokens: 4 });
    expect(one?.newIds).toEqual(greedy.newIds);
    const wide = await beamSearch(model, [1, 4], { beams: 4, maxNewTokens: 4 });
    expect(wide.length).toBe(4);
    for (const { ids, logprobs } of wide) expectRead(model, 2, ids, logprobs);
  });

  test('a later token changes nothing before it', async () => {
    const seen = await lens(make()).capture(
      [
        [1, 2, 3, 4, 5],
        [1, 2, 3, 6, 0],
      ],
      'logits',
    );
    const data = seen.logits?.data as Float32Array;
    const [first, second] = [data.subarray(0, data.length / 2), data.subarray(data.length / 2)];
    const before = 3 * sizes.vocabulary;
    expect(largestDifference(first.subarray(0, before), second.subarray(0, before))).toBeLessThan(1e-6);
    expect(largestDifference(first.subarray(before), second.subarray(before))).toBeGreaterThan(1e-3);
  });

  test('has sites, captures them while it generates, and its step is a file', async () => {
    const model = make();
    const names = lens(model)
      .sites()
      .map(({ name }) => name);
    expect(names).toContain('logits');
    expect(names).toContain('encoder.embed');
    const hidden = names.filter((name) => name.endsWith('hidden'));
    expect(hidden.length).toBe(sizes.layers);
    const source = await nextTokens(model, { capture: hidden.join(',') });
    await source.append([1, 2]);
    await source.append([3]);
    expect(Object.keys(source.captured?.() ?? {}).sort()).toEqual(hidden.toSorted());
    await source.dispose();
    expect(nextTokensOnnx(model, 3).length).toBeGreaterThan(100);
  });

  test('refuses rows of several documents', () => {
    const documents = input('documents', [1, 4], 'int32');
    expect(() => make().forward(input('ids', [1, 4], 'int32'), { documents })).toThrow(/rows of one text each.*got documents/);
  });
});

test('a bidirectional model asked to generate says why not, and where', async () => {
  const model = new RecurrentLanguageModel({ ...sizes, cell: 'lstm', bidirectional: true });
  const message = /generate at encoder\.recurrent: layers that read forwards alone.*got bidirectional layers.*bidirectional: false/;
  await expect(generateAll(model, [1], { maxNewTokens: 2 })).rejects.toThrow(message);
  await expect(generateBatchAll(model, [[1], [2]], { maxNewTokens: 2 })).rejects.toThrow(message);
  await expect(beamSearch(model, [1], { maxNewTokens: 2, beams: 2 })).rejects.toThrow(message);
});

test('what does not fit', () => {
  expect(() => new RecurrentLanguageModel({ ...sizes, cell: 'gru', hidden: 5, tied: true })).toThrow(
    /outputs as wide as embeddings, where the head is tied to these; got outputs of 5, embeddings of 8/,
  );
  expect(() => new RecurrentLanguageModel({ ...sizes, cell: 'gru', layers: 0 })).toThrow(/layers is a whole number from 1; got 0/);
  expect(() => new ConvolutionalLanguageModel({ ...sizes, layers: 25 })).toThrow(/at most 24 layers.*got 25/);
  expect(() => new SequenceClassifier(new ConvolutionalEncoder(sizes), { classes: 0 })).toThrow(/classes is a whole number from 1; got 0/);
});

test('a convolutional model’s predictions reach as far as it says', async () => {
  const model = new ConvolutionalLanguageModel({ vocabulary: 5, context: 40, layers: 2, width: 8, kernel: 3 });
  expect(model.reach).toBe(13);
  const rows = [0, 1].map((change) => Array.from({ length: 20 }, (_, t) => (t === 3 ? change : 2)));
  const { logits } = await lens(model).capture(rows, 'logits');
  const data = logits?.data as Float32Array;
  const changed = Array.from({ length: 20 }, (_, t) => [0, 1, 2, 3, 4].some((v) => data[t * 5 + v] !== data[100 + t * 5 + v]));
  expect(changed.indexOf(true)).toBe(3);
  expect(changed.lastIndexOf(true)).toBe(3 + 12);
});

/** Rows of tokens whose class is which of two symbols comes more often. */
const majority: TrainingData = {
  ...{ size: 1000, packed: false, exactMatch: true, hasIgnored: false, targetsPerRow: 1, inputRange: 4 },
  batches:
    ({ rows, length }) =>
    (index) =>
      rowsOf(rows, length, index),
  evaluation: ({ rows, length }) => [{ ...rowsOf(rows, length, 1_000_000), count: rows, length }],
};

function rowsOf(rows: number, length: number, index: number): { inputs: Int32Array; targets: Int32Array } {
  const inputs = Int32Array.from({ length: rows * length }, (_, i) =>
    Math.floor((4 * Math.abs(Math.sin(1 + i * 12.9898 + index * 78.233) * 43758.5453)) % 4),
  );
  const targets = Int32Array.from({ length: rows }, (_, r) => {
    const row = inputs.subarray(r * length, (r + 1) * length);
    return row.filter((t) => t < 2).length * 2 > length ? 1 : 0;
  });
  return { inputs, targets };
}

test.each([
  [
    'recurrent, both directions',
    () => new RecurrentEncoder({ vocabulary: 4, context: 9, layers: 1, width: 8, cell: 'gru', bidirectional: true }),
    'mean',
  ],
  ['convolutional', () => new ConvolutionalEncoder({ vocabulary: 4, context: 9, layers: 2, width: 8 }), 'last'],
] as const)('a classifier learns: %s', async (_, encoder, pooling) => {
  const model = new SequenceClassifier(encoder(), { classes: 2, pooling });
  const shape = model.forward(input('ids', [symbol('B'), 9], 'int32')).shape;
  expect(shape.map(String)).toEqual(['B', '1', '2']);
  const { exactMatch } = await train(model, { data: majority, steps: 150, batch: 32, inThread: true, optimizer: adamW({ lr: 1e-2 }) });
  expect(exactMatch).toBeGreaterThan(0.9);
  expect(model.head.weight.value).toBeInstanceOf(HostArray);
});
