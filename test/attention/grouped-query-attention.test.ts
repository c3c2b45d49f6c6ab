import { describe, expect, test } from 'vitest';
import { causalMask, GroupedQueryAttention, pastWindowMask, scaledDotProduct, windowMask } from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { concat, evaluate, input, parameterTensor, type RefArray, type Tensor } from '#dist/ops/index.js';
import { Rotary } from '#dist/position/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { centralDifferences, type Feeds, numbersOf } from '../grad/programs.js';
import { numbers } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';

const [B, T, H, K, D] = [2, 5, 6, 2, 4];
const query = input('q', [B, H, T, D]);
const key = input('k', [B, K, T, D]);
const value = input('v', [B, K, T, D]);
const feeds: Feeds = new Map([query, key, value].map((t, i) => [t, numbers(`qkv${i}`, t.shape as readonly number[])]));
/** Each key and value head as often as query heads share it. */
const repeated = (x: Tensor): Tensor =>
  concat(
    x.split(K, 1).flatMap((head) => new Array<Tensor>(H / K).fill(head)),
    1,
  );

describe.each([{}, { softCap: 0.7, scale: 0.3 }])('grouped queries, %o', (options) => {
  const all = { ...options, mask: causalMask(T) };
  const [grouped, plain] = [scaledDotProduct(query, key, value, all), scaledDotProduct(query, repeated(key), repeated(value), all)];

  test('are attention with each key and value head repeated for its group', () => {
    expect(grouped.shape).toEqual([B, T, H, D]);
    expect(relativeDifference(numbersOf(grouped, feeds), numbersOf(plain, feeds))).toBeLessThan(1e-12);
  });

  test('have its gradients', () => {
    const of = (y: Tensor): readonly Tensor[] => gradients(y.mul(y).add(y).sum(), [query, key, value]);
    const [a, b] = [of(grouped), of(plain)];
    a.forEach((g, i) => {
      expect(relativeDifference(numbersOf(g, feeds), numbersOf(b[i] as Tensor, feeds))).toBeLessThan(1e-10);
    });
  });

  test('from a past are the last rows of the whole', () => {
    const early = 3;
    const parts = (x: Tensor): [Tensor, Tensor] => x.split([early, T - early], 2) as [Tensor, Tensor];
    const [[, q], [k0, k1], [v0, v1]] = [parts(query), parts(key), parts(value)];
    const filled = input('filled', [B, early], 'bool');
    const past = { keys: k0, values: v0, filled };
    const y = scaledDotProduct(q, k1, v1, { ...options, mask: causalMask(T - early), past });
    const got = numbersOf(y, new Map([...feeds, [filled, { shape: [B, early], data: new Float64Array(B * early).fill(1) }]]));
    const want = numbersOf(grouped.split([early, T - early], 1)[1] as Tensor, feeds);
    expect(relativeDifference(got, want)).toBeLessThan(1e-12);
  });
});

test('a soft cap bounds the scores', () => {
  const y = scaledDotProduct(query, key, value, { softCap: 0.7, scale: 100 });
  const scores = sitesOf([y]).get('scores') as Tensor;
  expect(Math.max(...numbersOf(scores, feeds).map(Math.abs))).toBeLessThanOrEqual(0.7);
});

describe('the layer', () => {
  const layer = new GroupedQueryAttention({ width: 6, heads: 2, kvHeads: 1, headWidth: 4, bias: true, normEpsilon: 1e-4 });
  for (const [name, p] of layer.parameters())
    p.value = new HostArray(
      Float32Array.from(numbers(name, p.shape).data, (v) => v / 2),
      p.shape,
      'float32',
    );
  const x = input('x', [1, 3, 6]);
  const rotation = new Rotary({ context: 3, width: 4 }).at(input('ids', [1, 3], 'int32'));
  const y = layer.forward(x, { rotation, mask: causalMask(3) });

  test('has the sites of attention, in the shapes of their roles', () => {
    const shapes = Object.fromEntries([...sitesOf([y])].map(([name, t]) => [name, t.shape]));
    expect(shapes).toEqual({
      query: [1, 2, 3, 4],
      key: [1, 1, 3, 4],
      value: [1, 1, 3, 4],
      scores: [1, 2, 3, 3],
      pattern: [1, 2, 3, 3],
      mixed: [1, 3, 2, 4],
      output: [1, 3, 6],
    });
  });

  test('gradients by the input and every parameter are what central differences give', () => {
    const parameters = [...layer.parameters().values()].map(parameterTensor);
    const all: Feeds = new Map([x, ...parameters].map((t, i) => [t, numbers(`g${i}`, t.shape as readonly number[])]));
    const loss = y.mul(y).add(y).sum();
    gradients(loss, [x, ...parameters]).forEach((g, i) => {
      const by = [x, ...parameters][i] as Tensor;
      expect(relativeDifference(numbersOf(g, all), centralDifferences(loss, by, all)), `${i}`).toBeLessThan(1e-6);
    });
  });

  test('heads that do not fit', () => {
    expect(() => new GroupedQueryAttention({ width: 8, heads: 4, kvHeads: 3 })).toThrow(
      'multi-head attention: a number of key and value heads that divides the query heads; got 3 for 4. Choose among the divisors of 4.',
    );
    expect(() => new GroupedQueryAttention({ width: 8, heads: 3, kvHeads: 1 })).toThrow(/heads that divides the width, or a headWidth/);
  });
});

describe('the sliding window', () => {
  const rows = (t: Tensor, given: Feeds = new Map()): number[] => Array.from((evaluate([t], given)[0] as RefArray).data, Number);

  test('of 2: oneself and the one before', () => {
    const both = causalMask(4).logicalAnd(windowMask(4, 2));
    expect(rows(both)).toEqual([1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1]);
  });

  test('over memory goes on where the new tokens’ ends, holes or not', () => {
    const filled = input('filled', [2, 5], 'bool');
    const data = Float64Array.of(1, 1, 1, 0, 0, 1, 0, 1, 0, 1);
    const mask = pastWindowMask(filled, 2, 3);
    expect(mask.shape).toEqual([2, 1, 2, 5]);
    const got = rows(mask.logicalAnd(filled.reshape([2, 1, 1, 5])), new Map([[filled, { shape: [2, 5], data }]]));
    // Three tokens in memory, numbers 0, 1, 2; query 3 sees 1 and 2, query 4 only 2.
    expect(got).toEqual([0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]);
  });
});
