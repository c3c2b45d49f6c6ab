import { expect, test } from 'vitest';
import { HostArray, host } from '#dist/core/index.js';
import { constant, dropout, input, iota, Parameter, pad, parameterTensor, type Tensor, withPath, withTraining } from '#dist/ops/index.js';
import { commonSubexpressions } from '#dist/runtime/passes/index.js';
import { difference, drawFeeds, opCounts, runAsIs } from '../graphs.js';

const merged = (a: Tensor, b: Tensor): boolean => {
  const [x, y] = commonSubexpressions([a, b]);
  return x === y;
};

test('the same work is done once, however deep', async () => {
  const x = input('x', [2, 3]);
  const work = (): Tensor => x.mul(2).softmax({ axis: 0 }).transpose().matmul(x);
  const outputs = [work().add(work()), work().exp()];
  const done = commonSubexpressions(outputs);
  expect(opCounts(done)).toEqual({ input: 1, constant: 1, mul: 1, softmax: 1, transpose: 1, matmul: 1, add: 1, exp: 1 });
  const feeds = drawFeeds([x]);
  expect(difference(outputs, done, feeds)).toBe(0);
  expect(await runAsIs(done, feeds)).toEqual(await runAsIs(outputs, feeds));
});

test('the order of inputs, the attributes and which output is read tell nodes apart', () => {
  const [x, y] = [input('x', [2, 2]), input('y', [2, 2])];
  expect(merged(x.sub(y), x.sub(y))).toBe(true);
  expect(merged(x.sub(y), y.sub(x))).toBe(false);
  expect(merged(x.softmax({ axis: 0 }), x.softmax({ axis: 1 }))).toBe(false);
  expect(merged(x.reshape([4]), x.reshape([4, 1]))).toBe(false);
  const [first, second] = x.split(2, 0) as [Tensor, Tensor];
  expect(merged(first, second)).toBe(false);
  expect(merged(first.exp(), second.exp())).toBe(false);
  expect(merged(second, x.split(2, 0)[1] as Tensor)).toBe(true);
});

test('attributes that JSON would write alike are not', () => {
  const x = input('x', [1]);
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0];
  const padded = values.map((v) => pad(x, [[1, 0]], v));
  padded.forEach((a, i) => {
    padded.forEach((b, j) => {
      expect(merged(a, b)).toBe(i === j);
    });
  });
  expect(merged(padded[0] as Tensor, pad(x, [[1, 0]], Number.NaN))).toBe(true);
});

test('constants merge when type, shape and every number agree', () => {
  const floats = (v: readonly number[], shape = [v.length]): Tensor => constant(new HostArray(Float32Array.from(v), shape, 'float32'));
  expect(merged(floats([1, Number.NaN]), floats([1, Number.NaN]))).toBe(true);
  expect(merged(floats([0]), floats([-0]))).toBe(false);
  expect(merged(floats([Number.NaN]), floats([Number.POSITIVE_INFINITY]))).toBe(false);
  expect(merged(floats([1, 2, 3, 4]), floats([1, 2, 3, 4], [2, 2]))).toBe(false);
  expect(merged(floats([1]), constant(host([1], { dtype: 'int32' })))).toBe(false);
  expect(merged(floats([1]), floats([]))).toBe(false);
  expect(merged(constant(host([1], { dtype: 'bool' })), constant(host([1], { dtype: 'uint8' })))).toBe(false);
});

test('large constants merge by identity alone', () => {
  const value = host(new Float32Array(1000));
  expect(merged(constant(value), constant(value))).toBe(true);
  expect(merged(constant(value), constant(host(new Float32Array(1000))))).toBe(false);
});

test('random masks of two streams stay two; parameters stay themselves', () => {
  const x = input('x', [2, 3]);
  const drop = (): Tensor => withTraining(true, () => withPath('layer', () => dropout(x, 0.5)));
  expect(merged(drop(), drop())).toBe(false);
  const parameter = (): Tensor => parameterTensor(new Parameter([2], (v) => v.fill(0)));
  expect(merged(parameter(), parameter())).toBe(false);
  const one = new Parameter([2], (v) => v.fill(0));
  expect(merged(parameterTensor(one).exp(), parameterTensor(one).exp())).toBe(true);
});

test('inputs are told apart by name', () => {
  expect(merged(input('x', [2]), input('y', [2]))).toBe(false);
  expect(merged(iota(3), iota(4))).toBe(false);
});
