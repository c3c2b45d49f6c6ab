import { describe, expect, test } from 'vitest';
import { GridWindowAttention, placesOf } from '#dist/attention/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { prove } from '../prove.js';
import { dot, range, softmax, sum } from '../structures/loops.js';
import { bools, expectSame, sizes } from './compare.js';

/** Windows of side M moved down and right by `shift`: the border's are cut off by the picture's edge, and do not wrap. */
const together =
  (columns: number, side: number, shift: number) =>
  (i: number, j: number): boolean => {
    const window = (at: number): number => Math.floor((at - shift) / side);
    const [y, x] = [Math.floor(i / columns), i % columns];
    const [v, u] = [Math.floor(j / columns), j % columns];
    return window(y) === window(v) && window(x) === window(u);
  };

describe.each([
  [[2, 4], 2, 0],
  [[4, 2], 2, 1],
  [[3, 6], 3, 1],
  [[3, 6], 3, 2],
  [[2, 3], 1, 0],
] as const)('a picture of %s, windows of %i moved by %i', (grid, window, shift) => {
  const T = grid[0] * grid[1];
  const rule = together(grid[1], window, shift);
  const form = new GridWindowAttention({ grid, window, shift });

  test('the paper’s windows, values and gradients of plain loops', async () => {
    const run = compile(() => form.pairs(placesOf(T, T)).cast('int32'));
    expect([...(await run()).data].map(Boolean)).toEqual(range(T * T).map((at) => rule(Math.floor(at / T), at % T)));
    await run.dispose();
    await prove({
      module: form,
      inputs: { query: [1, 1, T, 2], key: [1, 1, T, 2], value: [1, 1, T, 1] },
      forward: ({ query, key, value }) => form.attend(query as Tensor, key as Tensor, value as Tensor),
      naive(read) {
        const [query, key, value] = [read('query'), read('key'), read('value')];
        return range(T).map((i) => {
          const scores = range(T).map(
            (j) => dot([query(0, 0, i, 0), query(0, 0, i, 1)], [key(0, 0, j, 0), key(0, 0, j, 1)]) / Math.sqrt(2),
          );
          const weights = softmax(scores, (j) => rule(i, j));
          return sum(T, (j) => (weights[j] as number) * value(0, 0, j, 0));
        });
      },
    });
  });

  test('equals the dense form: batches, heads that share keys, masked keys, a bias of places', async () => {
    const biased = new GridWindowAttention({
      grid,
      window,
      shift,
      bias: ({ query, key }) => query.add(key.mul(2)).cast('float32').mul(0.05),
    });
    await expectSame(form, form.materialised(), { sizes: sizes(T), mask: bools([2, 1, 1, T], (i) => i % 4 !== 2) });
    await expectSame(biased, biased.materialised(), { sizes: sizes(T) });
  });
});

test.each<[string, () => unknown, RegExp]>([
  [
    'a window that does not fit',
    () => new GridWindowAttention({ grid: [4, 6], window: 4 }),
    /divides rows and columns; got 4 for 4 × 6.*common divisor/,
  ],
  ['a shift of a window', () => new GridWindowAttention({ grid: [4, 4], window: 2, shift: 2 }), /a shift below the window, 2; got 2/],
  ['a window of nothing', () => new GridWindowAttention({ grid: [4, 4], window: 0 }), /window.*; got 0/],
  ['another number of tokens', () => attendTo(12), /16 tokens, those of a picture of 4 × 4; got 12/],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});

function attendTo(tokens: number): Tensor {
  const x = input('x', [1, 1, tokens, 2], 'float32');
  return new GridWindowAttention({ grid: [4, 4], window: 2 }).attend(x, x, x);
}
