import { expect, test } from 'vitest';
import { symbol } from '#dist/core/index.js';
import { input, linear, slice, type Tensor } from '#dist/ops/index.js';
import { sliceBeforeProduct } from '#dist/runtime/passes/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { difference, drawFeeds, opCounts, runAsIs } from '../graphs.js';

const [x, w, b] = [input('x', [2, 5, 4]), input('w', [4, 3]), input('b', [3])];
const feeds = drawFeeds([x, w, b]);
const rowsOfProduct = (t: Tensor): number => (t.node.op.name === 'linear' ? Number(t.node.inputs[0]?.shape[1]) : -1);

test('rows are cut before the product: only they are computed', async () => {
  const outputs = [
    slice(linear(x, w, { bias: b }), [null, [-2]]),
    slice(linear(x, w), [
      [0, 1],
      [1, 4],
    ]),
  ];
  const done = sliceBeforeProduct(outputs);
  expect(done.map(rowsOfProduct)).toEqual([2, 3]);
  expect(opCounts(done)).toEqual(opCounts(outputs));
  expect(difference(outputs, done, feeds)).toBeLessThan(1e-12);
  const [before, after] = [await runAsIs(outputs, feeds), await runAsIs(done, feeds)];
  for (const [i, y] of after.entries()) expect(relativeDifference(y.data, before[i]?.data)).toBeLessThan(1e-6);
});

test('columns that are cut, or a product that something else reads, leave it as it is', () => {
  const product = linear(x, w);
  const outputs = [
    slice(linear(x, w), [null, null, [1]]),
    slice(linear(x, w), [null, [1], [1]]),
    slice(product, [null, [-1]]),
    product.exp(),
  ];
  const done = sliceBeforeProduct(outputs);
  for (const [i, y] of done.entries()) expect(y).toBe(outputs[i]);
});

test('the last row of a named length', () => {
  const T = symbol('T');
  const logits = linear(input('h', [2, T, 4]), w);
  const [y] = sliceBeforeProduct([slice(logits, [null, [-1]])]) as [Tensor];
  expect(y.shape).toEqual([2, 1, 3]);
  expect(rowsOfProduct(y)).toBe(1);
});
