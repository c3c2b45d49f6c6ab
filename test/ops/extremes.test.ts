import { expect, test } from 'vitest';
import { gradients } from '#dist/grad/index.js';
import { argmax, argmin, clip, evaluate, input, max, maximum, min, minimum, type RefArray, type Tensor, topK } from '#dist/ops/index.js';

const row = (...values: number[]): RefArray => ({ shape: [values.length], data: Float64Array.from(values) });
const gradientOf = (f: (x: Tensor) => Tensor, values: RefArray): number[] => {
  const x = input('x', values.shape);
  return [...(evaluate([gradients(f(x).sum(), [x])[0] as Tensor], new Map([[x, values]]))[0] as RefArray).data];
};

test('equal values share the gradient', () => {
  expect(gradientOf((x) => maximum(x, 1), row(0, 1, 2))).toEqual([0, 0.5, 1]);
  expect(gradientOf((x) => minimum(x, 1), row(0, 1, 2))).toEqual([1, 0.5, 0]);
  expect(gradientOf((x) => max(x), row(3, 1, 3, 3))).toEqual([1 / 3, 0, 1 / 3, 1 / 3]);
  expect(gradientOf((x) => min(x), row(0, 1, 0, 3))).toEqual([0.5, 0, 0.5, 0]);
  expect(gradientOf((x) => x.abs(), row(-2, 0, 3))).toEqual([-1, 0, 1]);
});

test('what clip moves gets no gradient', () => {
  expect(gradientOf((x) => clip(x, -1, 1), row(-3, 0, 0.5, 7))).toEqual([0, 1, 1, 0]);
});

test('topK gives its gradient to the elements it took', () => {
  expect(gradientOf((x) => topK(x, 2)[0].mul([10, 20]), row(1, 5, 3))).toEqual([0, 10, 20]);
});

test('argmax and argmin name the first among equals', () => {
  const x = input('x', [4]);
  const feeds = new Map([[x, row(2, 7, 7, 2)]]);
  expect(evaluate([argmax(x), argmin(x)], feeds).map((v) => v.data[0])).toEqual([1, 0]);
});
