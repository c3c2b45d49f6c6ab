import { describe, expect, test } from 'vitest';
import { generateAll } from '#dist/generate/index.js';
import { lens } from '#dist/lens/index.js';
import { AttentionOnly } from '#dist/models/index.js';
import { evaluate, input, type RefArray } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { rowsOf } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';
import { sizes, smallAttentionOnly } from './small.js';

const { vocabulary: V, context: T, layers: L, heads: H, width: C } = sizes;
const D = C / H;
const tokens = [3, 0, 6, 6, 2, 5];

type Matrix = readonly (readonly number[])[];
const product = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((s, v, k) => s + v * at(b, k, j), 0)));
const sum = (a: Matrix, b: Matrix): number[][] => a.map((row, i) => row.map((v, j) => v + at(b, i, j)));
const transpose = (a: Matrix): number[][] => (a[0] ?? []).map((_, j) => a.map((row) => row[j] as number));
const at = (m: Matrix, i: number, j: number): number => m[i]?.[j] as number;

/** Rows of softmax over the keys up to each query. */
function causalSoftmax(scores: Matrix): number[][] {
  return scores.map((row, i) => {
    const weights = row.map((s, j) => (j <= i ? Math.exp(s) : 0));
    const total = weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => w / total);
  });
}

/** Every site of a run, in float64. */
function run(model: AttentionOnly): Map<string, RefArray> {
  const ids = input('ids', [1, T], 'int32');
  const sites = [...sitesOf([model.forward(ids)])];
  const values = evaluate(
    sites.map(([, t]) => t),
    new Map([[ids, { shape: [1, T], data: Float64Array.from(tokens) }]]),
  );
  return new Map(sites.map(([name], i) => [name, values[i] as RefArray]));
}

test('without norms and biases it is the paper’s sum: each head adds A ⊗ W_O W_V to the stream, with A from x W_Qᵀ W_K x', () => {
  const model = smallAttentionOnly({ norm: false, bias: false });
  const weight = (name: string): number[][] => {
    const p = model.parameters().get(name);
    if (p === undefined) throw new Error(`no ${name}`);
    return rowsOf(p.value as { shape: readonly number[]; data: Float32Array });
  };
  const columns = (m: Matrix, from: number, to: number) => m.map((row) => row.slice(from, to));
  let x = sum(
    tokens.map((t) => weight('tokens.weight')[t] as number[]),
    weight('positions.weight'),
  );
  const sites = run(model);
  for (let l = 0; l < L; l++) {
    const qkv = weight(`blocks.${l}.attention.qkv.weight`);
    const out = weight(`blocks.${l}.attention.output.weight`);
    const patterns: number[][][] = [];
    const added = Array.from({ length: H }, (_, h) => {
      const part = (which: number) => columns(qkv, which * C + h * D, which * C + (h + 1) * D);
      const qk = product(part(0), transpose(part(1))); // [C,C]
      const ov = product(part(2), out.slice(h * D, (h + 1) * D)); // [C,C]
      const pattern = causalSoftmax(product(product(x, qk), transpose(x)).map((row) => row.map((s) => s / Math.sqrt(D))));
      patterns.push(pattern);
      return product(product(pattern, x), ov);
    });
    expect(relativeDifference(sites.get(`blocks.${l}.attention.pattern`)?.data, patterns.flat(2))).toBeLessThan(1e-10);
    x = added.reduce(sum, x);
    expect(relativeDifference(sites.get(`blocks.${l}.residual.post`)?.data, x.flat())).toBeLessThan(1e-10);
  }
  expect(relativeDifference(sites.get('logits')?.data, product(x, transpose(weight('head.weight'))).flat())).toBeLessThan(1e-10);
  expect([...model.parameters().keys()].filter((name) => /norm|bias/.test(name))).toEqual([]);
});

test('norms stand before each attention and before the head', () => {
  const model = smallAttentionOnly();
  const sites = run(model);
  const normalised = (x: RefArray | undefined, name: string): number[] => {
    const [scale, shift] = ['weight', 'bias'].map((p) => Array.from(model.parameters().get(`${name}.${p}`)?.value.data ?? [], Number));
    return rowsOf(x as RefArray).flatMap((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / C;
      const deviation = Math.sqrt(row.reduce((a, v) => a + (v - mean) ** 2, 0) / C + 1e-5);
      return row.map((v, i) => ((v - mean) / deviation) * (scale?.[i] as number) + (shift?.[i] as number));
    });
  };
  expect(relativeDifference(sites.get('final_norm')?.data, normalised(sites.get('blocks.1.residual.post'), 'norm'))).toBeLessThan(1e-10);
  const [weight, bias] = ['weight', 'bias'].map((p) => model.parameters().get(`blocks.1.attention.qkv.${p}`)?.value);
  const normed = normalised(sites.get('blocks.1.residual.pre'), 'blocks.1.norm');
  const rows = Array.from({ length: T }, (_, t) => normed.slice(t * C, (t + 1) * C));
  const qkv = product(rows, rowsOf(weight as { shape: readonly number[]; data: Float32Array }));
  const query = Array.from({ length: H }, (_, h) =>
    qkv.map((row) => row.slice(h * D, (h + 1) * D).map((v, i) => v + Number(bias?.data[h * D + i]))),
  );
  expect(relativeDifference(sites.get('blocks.1.attention.query')?.data, query.flat(2))).toBeLessThan(1e-10);
});

describe('what is built on models works on it', () => {
  test('sites: GPT-2’s without the MLP', () => {
    const roles = [
      'residual.pre',
      ...['query', 'key', 'value', 'scores', 'pattern', 'mixed', 'output'].map((r) => `attention.${r}`),
      'residual.post',
    ];
    const expected = ['embed', ...[0, 1].flatMap((i) => roles.map((r) => `blocks.${i}.${r}`)), 'final_norm', 'logits'];
    for (const norm of [true, false]) {
      const sites = lens(smallAttentionOnly({ norm })).sites();
      expect(sites.map((s) => s.name).sort()).toEqual(expected.toSorted());
      expect(sites.find((s) => s.name === 'blocks.1.attention.pattern')?.shape).toEqual(['B', String(H), 'T', 'T']);
    }
  });

  test.each([true, false])('a cache says what reading anew says; norms %s', async (norm) => {
    const model = smallAttentionOnly({ norm, context: 12 });
    const { ids, newIds, logprobs } = await generateAll(model, [1, 4], { maxNewTokens: 8, temperature: 8, seed: 3 });
    const { logits } = await lens(model).capture(ids, 'logits');
    const rows = rowsOf(logits as { shape: readonly number[]; data: Float32Array });
    newIds.forEach((id, i) => {
      const row = rows[i + 1] as number[];
      expect(logprobs[i]).toBeCloseTo((row[id] as number) - Math.log(row.reduce((s, v) => s + Math.exp(v), 0)), 4);
    });
    expect(new Set(newIds).size).toBeGreaterThan(1);
  });
});

test('initial values: writes into the stream start at 0.02/√L, everything else at 0.02', () => {
  const model = new AttentionOnly({ vocabulary: 50, context: 64, layers: 4, heads: 4, width: 64, seed: 2 });
  const deviation = (name: string): number => {
    const data = Array.from(model.parameters().get(name)?.value.data ?? [], Number);
    return Math.sqrt(data.reduce((s, v) => s + v * v, 0) / data.length);
  };
  expect(deviation('blocks.3.attention.output.weight')).toBeCloseTo(0.01, 3);
  for (const name of ['tokens.weight', 'positions.weight', 'head.weight', 'blocks.0.attention.qkv.weight'])
    expect(deviation(name)).toBeCloseTo(0.02, 3);
});

test('sizes that cannot be', () => {
  expect(() => new AttentionOnly({ ...sizes, layers: 0 })).toThrow('AttentionOnly: layers is a whole number from 1; got 0.');
  expect(() => new AttentionOnly({ ...sizes, vocabulary: V + 0.5 })).toThrow(/vocabulary is a whole number from 1; got 7\.5/);
  expect(() => new AttentionOnly({ ...sizes, heads: 3 })).toThrow(/heads that divides the width; got width 8, heads 3/);
});
