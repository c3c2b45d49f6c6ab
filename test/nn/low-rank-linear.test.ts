import { expect, test } from 'vitest';
import { MultiHeadAttention } from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import { Linear, LowRankLinear } from '#dist/nn/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { givenValues, prove } from '../attention/prove.js';
import { range } from '../attention/structures/loops.js';
import { numbersOf } from '../grad/programs.js';
import { relativeDifference } from '../support/arrays.js';
import { numbers } from './arrays.js';

test('(x U) V + b, and its gradients', async () => {
  const module = givenValues(new LowRankLinear(4, 3, { rank: 2 }));
  await prove({
    module,
    inputs: { x: [5, 4] },
    forward: ({ x }) => module.forward(x as Tensor),
    naive: (read) =>
      range(5).flatMap((t) =>
        range(3).map((j) =>
          range(2).reduce(
            (a, r) => a + range(4).reduce((s, i) => s + read('x')(t, i) * read('down')(i, r), 0) * read('up')(r, j),
            read('bias')(j),
          ),
        ),
      ),
  });
});

test.each([
  [6, 4],
  [4, 6],
])(
  'the nearest of a rank to a layer %s × %s: exact where the weight has it, and the error is what is left of the singular values',
  (rows, columns) => {
    const layer = givenValues(new Linear(rows, columns));
    // Singular values 4, 3, 2, 1 along columns of two orthogonal matrices (reflections).
    const mirror = (n: number, name: string): number[][] => {
      const v = numbers(name, [n]).data;
      const square = v.reduce((a, x) => a + x * x, 0);
      return range(n).map((i) => range(n).map((j) => Number(i === j) - (2 * (v[i] as number) * (v[j] as number)) / square));
    };
    const [left, right] = [mirror(rows, 'left'), mirror(columns, 'right')];
    const of = (values: readonly number[]): number[] =>
      range(rows).flatMap((i) =>
        range(columns).map((j) => values.reduce((a, s, k) => a + s * (left[i]?.[k] as number) * (right[j]?.[k] as number), 0)),
      );
    layer.weight.value = new HostArray(Float32Array.from(of([4, 3, 2, 1])), [rows, columns], 'float32');
    const identity = input('i', [rows, rows]);
    const feeds = new Map([
      [identity, { shape: [rows, rows], data: Float64Array.from(range(rows * rows), (i) => Number(i % (rows + 1) === 0)) }],
    ]);
    const weightOf = (module: LowRankLinear | Linear): Float64Array => numbersOf(module.forward(identity), feeds);
    for (const rank of [1, 2, 3, 4]) {
      const near = LowRankLinear.of(layer, rank);
      const values = [4, 3, 2, 1].map((s, k) => (k < rank ? s : 0));
      const bias = layer.bias?.value.data as Float32Array;
      const want = of(values).map((v, i) => v + (bias[i % columns] as number));
      expect(relativeDifference(weightOf(near), want)).toBeLessThan(1e-6);
    }
  },
);

test('starts as deviated as a linear layer; ranks that do not fit', () => {
  const layer = new LowRankLinear(200, 300, { rank: 16 });
  const [down, up] = [layer.down.value.data as Float32Array, layer.up.value.data as Float32Array];
  const product = range(200 * 300).map((at) =>
    range(16).reduce((a, r) => a + (down[Math.floor(at / 300) * 16 + r] as number) * (up[r * 300 + (at % 300)] as number), 0),
  );
  const deviation = Math.sqrt(product.reduce((a, v) => a + v * v, 0) / product.length);
  expect(deviation).toBeGreaterThan(0.018);
  expect(deviation).toBeLessThan(0.022);
  expect(() => new LowRankLinear(4, 3, { rank: 4 })).toThrow('LowRankLinear: a rank between 1 and 3, the smaller width; got 4.');
  expect(() => new LowRankLinear(4, 3, { rank: 0 })).toThrow(/got 0/);
});

test('attention whose projections are of low rank has their factors, and so many fewer numbers', () => {
  const layer = new MultiHeadAttention({ width: 8, heads: 2, rank: 2 });
  expect([...layer.parameters().keys()].slice(0, 3)).toEqual(['query.down', 'query.up', 'query.bias']);
  expect(layer.parameterCount).toBe(4 * (2 * 16 + 8));
  expect(layer.forward(input('x', [1, 3, 8])).shape).toEqual([1, 3, 8]);
});
