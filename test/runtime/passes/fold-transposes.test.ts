import { expect, test } from 'vitest';
import { input, matmul, type Tensor } from '#dist/ops/index.js';
import { foldTransposes } from '#dist/runtime/passes/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { difference, drawFeeds, opCounts, runAsIs } from '../graphs.js';

test('a transpose of the last axes becomes a flag of the product, on either side, over any flag', async () => {
  for (const [ta, tb] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    for (const [turnA, turnB] of [
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const a = input('a', ta !== turnA ? [2, 4, 3] : [2, 3, 4]);
      const b = input('b', tb !== turnB ? [2, 5, 4] : [2, 4, 5]);
      const product = matmul(turnA ? a.transpose() : a, turnB ? b.transpose() : b, { transposeA: ta, transposeB: tb, scale: 0.5 });
      const done = foldTransposes([product]);
      expect(product.shape).toEqual([2, 3, 5]);
      expect(opCounts(done)).toEqual({ input: 2, matmul: 1 });
      const feeds = drawFeeds([a, b]);
      expect(difference([product], done, feeds)).toBe(0);
      const [before, after] = [await runAsIs([product], feeds), await runAsIs(done, feeds)];
      expect(relativeDifference(after[0]?.data, before[0]?.data)).toBeLessThan(1e-6);
    }
  }
});

test('a transpose that moves other axes stays', () => {
  const [a, b] = [input('a', [3, 2, 4]), input('b', [3, 4, 5])];
  for (const permutation of [
    [1, 0, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const turned = a.transpose(permutation);
    const other = input('c', [turned.shape[0] as number, turned.shape[2] as number, 5]);
    const outputs = [turned.matmul(other)];
    const done = foldTransposes(outputs);
    expect(opCounts(done)).toMatchObject({ transpose: 1 });
    expect(difference(outputs, done, drawFeeds([a, b, other]))).toBe(0);
  }
});

test('what else reads the transpose still has it', () => {
  const a = input('a', [3, 3]);
  const turned = a.transpose();
  const outputs = [turned.matmul(a), turned.exp()] as [Tensor, Tensor];
  const done = foldTransposes(outputs);
  expect(opCounts(done)).toEqual({ input: 1, transpose: 1, matmul: 1, exp: 1 });
  expect(difference(outputs, done, drawFeeds([a]))).toBe(0);
});
