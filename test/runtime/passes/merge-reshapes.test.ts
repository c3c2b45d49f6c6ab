import { expect, test } from 'vitest';
import { symbol } from '#dist/core/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { mergeReshapes } from '#dist/runtime/passes/index.js';
import { difference, drawFeeds, opCounts } from '../graphs.js';

test('a reshape of a reshape is one', () => {
  const x = input('x', [2, 6]);
  const outputs = [x.reshape([3, 4]).reshape([12]).reshape([4, 3]).exp()];
  const done = mergeReshapes(outputs);
  expect(opCounts(done)).toEqual({ input: 1, reshape: 1, exp: 1 });
  expect(difference(outputs, done, drawFeeds([x]))).toBe(0);
});

test('one that comes back to where it began is none', () => {
  const x = input('x', [2, 6]);
  const done = mergeReshapes([x.exp().reshape([12]).reshape([2, 6]).neg()]);
  expect(opCounts(done)).toEqual({ input: 1, exp: 1, neg: 1 });
});

test('a reshape between that something else reads stays for that reader', () => {
  const x = input('x', [2, 6]);
  const middle = x.reshape([12]);
  const outputs = [middle.exp(), middle.reshape([3, 4]).sum({ axis: 0 })];
  const done = mergeReshapes(outputs);
  expect(opCounts(done)).toMatchObject({ reshape: 2 });
  expect(difference(outputs, done, drawFeeds([x]))).toBe(0);
});

test('of transposes the permutations are composed, in the right order', () => {
  const x = input('x', [2, 3, 4]);
  const permutations = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  for (const first of permutations) {
    for (const second of permutations) {
      const outputs = [x.neg().transpose(first).transpose(second)] as [Tensor];
      const done = mergeReshapes(outputs);
      const undone = second.every((p, k) => first[p] === k);
      expect(opCounts(done)).toEqual(undone ? { input: 1, neg: 1 } : { input: 1, neg: 1, transpose: 1 });
      expect(difference(outputs, done, drawFeeds([x]))).toBe(0);
    }
  }
});

test('named sizes merge too', () => {
  const [B, T] = [symbol('B'), symbol('T')];
  const x = input('x', [B, T, 6]);
  const [y] = mergeReshapes([x.reshape([-1, 6]).reshape([B, T, 2, 3])]) as [Tensor];
  expect(opCounts([y])).toEqual({ input: 1, reshape: 1 });
  expect(String(y.shape)).toBe('B,T,2,3');
});
