import { expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { GPT2 } from '#dist/models/index.js';
import type { Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { type EvaluationReport, train } from '#dist/train/index.js';
import { Bigram, madeData, scattered } from './bigram.js';

const [vocabulary, context, rows] = [11, 8, 3];
const batch = (index: number, count: number) => ({
  inputs: scattered(vocabulary, 2 * index, count * context),
  targets: scattered(vocabulary, 2 * index + 1, count * context),
});
const data = madeData(batch, { evaluation: () => [1, 2].map((i) => ({ ...batch(100 + i, rows), count: rows, length: context })) });
const base = { data, steps: 4, evalEvery: 2, batch: 2, inThread: true, watchAttention: true };

test('an evaluation says every head’s entropy, −Σ p ln p of its rows, over the first rows judged on', async () => {
  const model = new GPT2({ vocabulary, context, layers: 2, heads: 4, width: 16, seed: 3, dropout: 0.3 });
  const reports: EvaluationReport[] = [];
  const expected: Record<string, number[]>[] = [];
  const patterns = compile((ids: Tensor) =>
    Object.fromEntries([...sitesOf([model.forward(ids)])].filter(([site]) => site.endsWith('.pattern'))),
  );
  await train(model, {
    ...base,
    average: 0.5,
    onEvaluation: async (report) => {
      reports.push(report);
      const found = (await patterns(new HostArray(batch(101, rows).inputs, [rows, context], 'int32'))) as Record<string, HostArray>;
      // [B,H,T,S]
      const entropyOf = ({ data: p }: HostArray, head: number): number => {
        let sum = 0;
        (p as Float32Array).forEach((x, at) => {
          if (Math.floor(at / (context * context)) % 4 === head && x > 0) sum -= x * Math.log(x);
        });
        return sum / (rows * context);
      };
      expected.push(Object.fromEntries(Object.entries(found).map(([site, p]) => [site, [0, 1, 2, 3].map((h) => entropyOf(p, h))])));
    },
  });
  await patterns.dispose();
  expect(reports.map((r) => r.step)).toEqual([2, 4]);
  for (const [i, { attentionEntropy = {} }] of reports.entries()) {
    expect(Object.keys(attentionEntropy)).toEqual(['blocks.0.attention.pattern', 'blocks.1.attention.pattern']);
    for (const [site, heads] of Object.entries(expected[i] ?? {})) {
      heads.forEach((entropy, h) => {
        expect(attentionEntropy[site]?.[h]).toBeCloseTo(entropy, 5);
      });
      expect(attentionEntropy[site]).toHaveLength(4);
    }
  }
  expect(reports[0]?.attentionEntropy).not.toEqual(reports[1]?.attentionEntropy);
});

test('documents that share a row are told apart: where each is one token, every head attends to that', async () => {
  const alone = (count: number) => ({
    ...batch(1, count),
    documents: Int32Array.from({ length: count * context }, (_, at) => at % context),
    positions: new Int32Array(count * context),
  });
  const packed = madeData((_, count) => alone(count), { packed: true });
  const model = new GPT2({ vocabulary, context, layers: 1, heads: 2, width: 8 });
  const { attentionEntropy } = await train(model, { ...base, data: packed });
  expect(attentionEntropy).toEqual({ 'blocks.0.attention.pattern': [expect.closeTo(0, 6), expect.closeTo(0, 6)] });
});

test('a model without attention has none, and trains all the same', async () => {
  expect((await train(new Bigram(vocabulary, context), base)).attentionEntropy).toEqual({});
});
