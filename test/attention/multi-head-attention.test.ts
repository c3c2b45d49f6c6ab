import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Attention, causal, causalMask, MultiHeadAttention, MultiQueryAttention } from '#dist/attention/index.js';
import { type HostArray, host } from '#dist/core/index.js';
import { Module } from '#dist/nn/index.js';
import { concat, input, type Tensor } from '#dist/ops/index.js';
import { Rotary } from '#dist/position/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { type Feeds, numbersOf } from '../grad/programs.js';
import { numbers } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';
import { givenValues } from './prove.js';

const [B, C] = [2, 6];

describe('heads', () => {
  const [T, D] = [4, 3];
  const x = input('x', [B, T, C]);
  const feeds: Feeds = new Map([[x, numbers('x', [B, T, C])]]);

  test.each([1, 2, 4])('4 query heads over %s of keys and values are each attention with its group’s', (kvHeads) => {
    const made = { width: C, heads: 4, headWidth: D, valueWidth: 2 };
    const grouped = givenValues(kvHeads === 1 ? new MultiQueryAttention(made) : new MultiHeadAttention({ ...made, kvHeads }));
    const full = new MultiHeadAttention(made);
    const wide = full.parameters();
    for (const [name, p] of grouped.parameters()) {
      const to = wide.get(name) as { value: HostArray };
      if (!/^(key|value)/.test(name)) to.value = p.value;
      else {
        // Each group's columns stand once for every query head of the group.
        const columns = p.value.toArray() as unknown as number[] | number[][];
        const width = name.startsWith('key') ? D : 2;
        const spread = (row: readonly number[]): number[] =>
          [0, 1, 2, 3].flatMap((h) => row.slice(Math.floor((h * kvHeads) / 4) * width, Math.floor((h * kvHeads) / 4) * width + width));
        to.value = host((Array.isArray(columns[0]) ? (columns as number[][]).map(spread) : spread(columns as number[])) as number[]);
      }
    }
    const mask = causalMask(T);
    const [a, b] = [numbersOf(grouped.forward(x, { mask }), feeds), numbersOf(full.forward(x, { mask }), feeds)];
    expect(relativeDifference(a, b)).toBeLessThan(1e-12);
  });

  test('cached equals uncached, grouped, rotated, with a mask of the form’s own', () => {
    const layer = givenValues(
      new MultiHeadAttention({ width: C, heads: 4, kvHeads: 2, headWidth: 4, attention: new Attention({ mask: causal }) }),
    );
    const rotary = new Rotary({ context: T, width: 4 });
    const whole = layer.forward(x, { rotation: rotary.at(input('ids', [B, T], 'int32')) });
    const sites = sitesOf([whole]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: T - 1 }), (early) => {
        const cut = (t: Tensor, axis: number): [Tensor, Tensor] => t.split([early, T - early], axis) as [Tensor, Tensor];
        const [keys, values] = [cut(sites.get('key') as Tensor, 2)[0], cut(sites.get('value') as Tensor, 2)[0]];
        const filled = input('filled', [B, early], 'bool');
        const start = input('start', [1], 'int32');
        const fresh = cut(x, 1)[1];
        const late = layer.forward(fresh, {
          past: { keys, values, filled },
          rotation: rotary.at(input('ids', [B, T - early], 'int32'), start),
        });
        const all: Feeds = new Map([
          ...feeds,
          [filled, { shape: [B, early], data: new Float64Array(B * early).fill(1) }],
          [start, { shape: [1], data: Float64Array.of(early) }],
        ]);
        const want = numbersOf(cut(whole, 1)[1], feeds);
        expect(relativeDifference(numbersOf(late, all), want)).toBeLessThan(1e-12);
      }),
      { numRuns: 5 },
    );
  });

  test('a context of several sequences: attending to two is not attending to one', () => {
    const layer = givenValues(new MultiHeadAttention({ width: C, heads: 2, keyInput: 3 }));
    const context = input('c', [B, 5, 3]);
    const all: Feeds = new Map([...feeds, [context, numbers('c', [B, 5, 3])]]);
    const [first, rest] = context.split([2, 3], 1) as [Tensor, Tensor];
    // Masking equals removing: keys that may not be met might as well not be there.
    const mask = input('m', [1, 5], 'bool');
    const masked = numbersOf(
      layer.forward(x, { context, mask }),
      new Map([...all, [mask, { shape: [1, 5], data: Float64Array.of(1, 1, 0, 0, 0) }]]),
    );
    expect(relativeDifference(masked, numbersOf(layer.forward(x, { context: first }), all))).toBeLessThan(1e-12);
    // And the order of a context is nothing to attention.
    const swapped = numbersOf(layer.forward(x, { context: concat([rest, first], 1) }), all);
    expect(relativeDifference(swapped, numbersOf(layer.forward(x, { context }), all))).toBeLessThan(1e-12);
  });

  test('sites under the module’s path, in the shapes of their roles', () => {
    class Outer extends Module {
      readonly cross = new MultiHeadAttention({ width: C, heads: 4, kvHeads: 2, headWidth: D, valueWidth: 2, keyInput: 3 });
      forward(t: Tensor, context: Tensor): Tensor {
        return this.cross.forward(t, { context });
      }
    }
    const y = new Outer().forward(x, input('c', [B, 5, 3]));
    expect(Object.fromEntries([...sitesOf([y])].map(([name, t]) => [name, t.shape]))).toEqual({
      'cross.query': [B, 4, T, D],
      'cross.key': [B, 2, 5, D],
      'cross.value': [B, 2, 5, 2],
      'cross.scores': [B, 4, T, 5],
      'cross.pattern': [B, 4, T, 5],
      'cross.mixed': [B, T, 4, 2],
      'cross.output': [B, T, C],
    });
  });
});

describe('what does not fit', () => {
  const x = input('x', [1, 3, C]);
  class Block extends Module {
    readonly attention = new MultiHeadAttention({ width: C, heads: 2 });
    forward(t: Tensor, inputs: Parameters<MultiHeadAttention['forward']>[1]): Tensor {
      return this.attention.forward(t, inputs);
    }
  }
  const block = new Block();

  test.each<[object, string]>([
    [{ heads: 4 }, 'multi-head attention: a number of heads that divides the width, or a headWidth; got width 6, heads 4.'],
    [{ heads: 0 }, 'multi-head attention: a whole number of heads from 1; got 0.'],
    [{ heads: 1.5, headWidth: 4 }, 'multi-head attention: a whole number of heads from 1; got 1.5.'],
    [
      { heads: 6, kvHeads: 4 },
      'multi-head attention: a number of key and value heads that divides the query heads; got 4 for 6. Choose among the divisors of 6.',
    ],
    [{ heads: 2, valueWidth: 0 }, 'multi-head attention: a whole valueWidth from 1; got 0.'],
  ])('%o', (options, message) => {
    expect(() => new MultiHeadAttention({ width: C, heads: 2, ...options })).toThrow(message);
  });

  test.each<[string, Parameters<MultiHeadAttention['forward']>[1], string | RegExp]>([
    [
      'a float where a boolean is meant',
      { mask: input('m', [3, 3]) },
      'attention at attention: a boolean mask, true = attend; got [3,3] float32. Pass what is added to scores as bias.',
    ],
    ['a mask of five axes', { mask: input('m', [1, 1, 1, 3, 3], 'bool') }, /^attention at attention: a mask that broadcasts to/],
    ['a mask of other keys', { mask: input('m', [3, 4], 'bool') }, / at attention: a mask that broadcasts to/],
    ['a boolean bias', { bias: input('b', [3, 3], 'bool') }, 'attention at attention: a float bias'],
    ['a context of two axes', { context: input('c', [3, C]) }, 'multi-head attention at attention: context of three axes'],
    ['a context of another width', { context: input('c', [1, 2, 5]) }, 'linear at attention.key: the last axis of x must be 6'],
    [
      'a context that is rotated',
      { context: input('c', [1, 3, C]), rotation: new Rotary({ context: 3, width: 2 }).at(input('i', [1, 3], 'int32')) },
      'multi-head attention at attention: self-attention, where a rotation is given',
    ],
  ])('%s', (_, inputs, message) => {
    expect(() => block.forward(x, inputs)).toThrow(message);
  });
});
