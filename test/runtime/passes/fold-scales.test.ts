import { expect, test } from 'vitest';
import { input, matmul, mul } from '#dist/ops/index.js';
import { foldScales } from '#dist/runtime/passes/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { difference, drawFeeds, opCounts, runAsIs } from '../graphs.js';

const [a, b] = [input('a', [2, 3, 4]), input('b', [2, 4, 5])];
const feeds = drawFeeds([a, b]);

test('numbers times a product, from either side and several in a row, become its scale', async () => {
  const outputs = [mul(0.25, matmul(a, b, { scale: 2 }).mul(3)).mul(0.1)];
  const done = foldScales(outputs);
  expect(opCounts(done)).toEqual({ input: 2, matmul: 1 });
  expect(difference(outputs, done, feeds)).toBeLessThan(1e-7); // 0.1 is a float32
  const [before, after] = [await runAsIs(outputs, feeds), await runAsIs(done, feeds)];
  expect(relativeDifference(after[0]?.data, before[0]?.data)).toBeLessThan(1e-6);
});

test('a product that something else reads, a node or an output, keeps its own scale', () => {
  const product = matmul(a, b);
  for (const outputs of [
    [product.mul(2), product.exp()],
    [product.mul(2), product],
    [product.mul(2), product.mul(3)],
  ]) {
    const done = foldScales(outputs);
    expect(opCounts(done)).toEqual(opCounts(outputs));
    expect(difference(outputs, done, feeds)).toBe(0);
  }
});

test('factors that are no single numbers stay', () => {
  const scalar = input('s', []);
  const product = (): ReturnType<typeof matmul> => matmul(a, b);
  const outputs = [product().mul([1, 2, 3, 4, 5]), product().mul(scalar), product().mul([2]), a.mul(2)];
  expect(opCounts(foldScales(outputs))).toEqual(opCounts(outputs));
  const square = product();
  expect(opCounts(foldScales([square.mul(square)]))).toMatchObject({ mul: 1, matmul: 1 });
});
