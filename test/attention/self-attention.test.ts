import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { causalMask, SelfAttention } from '#dist/attention/index.js';
import { gradients } from '#dist/grad/index.js';
import { type Linear, Module } from '#dist/nn/index.js';
import { evaluate, input, parameterTensor, type RefArray, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { centralDifferences, type Feeds, numbersOf } from '../grad/programs.js';
import { affine, numbers, rowsOf } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';
import { naiveAttention } from './naive.js';
import { givenValues } from './prove.js';

const [B, T, C, H] = [2, 4, 6, 2];

/** A layer whose numbers are large enough to matter. */
const layer = (options: { bias?: boolean } = {}): SelfAttention => givenValues(new SelfAttention({ width: C, heads: H, ...options }));

const attention = layer();
const x = input('x', [B, T, C]);
const free = attention.forward(x);
const causal = attention.forward(x, { mask: causalMask(T), everyQueryAttends: true });
const values = numbers('x', [B, T, C]);
const at = (y: Tensor, v: RefArray): Float64Array => numbersOf(y, new Map([[x, v]]));

test.each([true, false])('is projections, attention per head, and a projection; bias %s', (bias) => {
  const module = layer({ bias });
  const y = (evaluate([module.forward(x)], new Map([[x, values]]))[0] as RefArray).data;
  const project =
    ({ weight, bias: b }: Linear) =>
    (rows: readonly (readonly number[])[]): number[][] =>
      affine(
        rows,
        rowsOf(weight.value as { shape: readonly number[]; data: Float32Array }),
        Array.from((b?.value.data ?? []) as Float32Array),
      );
  const [packed, output] = [project(module.qkv), project(module.output)];
  const rows = packed(rowsOf(values)); // B·T rows of 3C: query, key, value, each H heads of D
  const part = (which: number) =>
    Array.from({ length: B }, (_, b) =>
      Array.from({ length: H }, (__, h) =>
        Array.from({ length: T }, (___, t) => (rows[b * T + t] as number[]).slice(which * C + (h * C) / H, which * C + ((h + 1) * C) / H)),
      ),
    );
  const mixed = naiveAttention(part(0), part(1), part(2)).flatMap((b) => b.map((perHead) => perHead.flat()));
  expect(relativeDifference(y, output(mixed).flat())).toBeLessThan(1e-12);
});

describe('laws', () => {
  test('causality: changing a token changes nothing before it', () => {
    const before = at(causal, values);
    fc.assert(
      fc.property(fc.nat(T - 1), fc.nat(C - 1), fc.double({ min: -3, max: 3, noNaN: true }), (t, c, to) => {
        const data = values.data.slice();
        for (let b = 0; b < B; b++) data[(b * T + t) * C + c] = to;
        const after = at(causal, { ...values, data });
        for (let b = 0; b < B; b++) {
          const from = b * T * C;
          expect(after.slice(from, from + t * C)).toEqual(before.slice(from, from + t * C));
        }
      }),
      { numRuns: 25 },
    );
    // And without the mask it does: the law is the mask's doing.
    const data = values.data.slice();
    data[(T - 1) * C] = 3;
    expect(at(free, { ...values, data }).slice(0, C)).not.toEqual(at(free, values).slice(0, C));
  });

  test('without a mask, attention knows no order: permuted tokens give permuted results', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: T });
    fc.assert(
      fc.property(order, (p) => {
        const permute = (data: Float64Array): Float64Array =>
          Float64Array.from(
            data,
            (_, i) => data[(Math.floor(i / (T * C)) * T + (p[Math.floor(i / C) % T] as number)) * C + (i % C)] as number,
          );
        const got = at(free, { ...values, data: permute(values.data) });
        expect(relativeDifference(got, permute(at(free, values)))).toBeLessThan(1e-12);
      }),
      { numRuns: 15 },
    );
  });

  test('sequences of a batch do not see each other', () => {
    const data = values.data.slice();
    data.fill(9, T * C);
    expect(at(causal, { ...values, data }).slice(0, T * C)).toEqual(at(causal, values).slice(0, T * C));
  });
});

test('gradients by the input and every parameter are what central differences give', () => {
  const small = new SelfAttention({ width: 2, heads: 2 });
  const z = input('z', [1, 3, 2]);
  const y = small.forward(z, { mask: causalMask(3) });
  const loss = y.mul(y).add(y).sum();
  const parameters = [...small.parameters().values()].map(parameterTensor);
  const feeds: Feeds = new Map([z, ...parameters].map((t, i) => [t, numbers(`g${i}`, t.shape as readonly number[])]));
  gradients(loss, [z, ...parameters]).forEach((g, i) => {
    const by = [z, ...parameters][i] as Tensor;
    expect(relativeDifference(numbersOf(g, feeds), centralDifferences(loss, by, feeds))).toBeLessThan(1e-6);
  });
});

test('its sites stand under its path', () => {
  class Model extends Module {
    readonly attention = attention;
    forward(t: Tensor): Tensor {
      return this.attention.forward(t);
    }
  }
  const names = [...sitesOf([new Model().forward(x)]).keys()];
  expect(names.toSorted()).toEqual(['key', 'mixed', 'output', 'pattern', 'query', 'scores', 'value'].map((s) => `attention.${s}`));
});

test.each([[3], [0], [1.5], [-1], [4]])('%s heads do not divide a width of 10', (heads) => {
  expect(() => new SelfAttention({ width: 10, heads })).toThrow(
    `self-attention: a number of heads that divides the width; got width 10, heads ${heads}. Choose heads among the divisors of 10.`,
  );
});
