import { expect, test } from 'vitest';
import { HostArray, host, symbol } from '#dist/core/index.js';
import { constant, input, iota, ones, Parameter, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { constantValue } from '#dist/runtime/passes/fold-constants.js';
import { foldConstants } from '#dist/runtime/passes/index.js';
import { difference, drawFeeds, opCounts, runAsIs } from '../graphs.js';

test('what depends on constants alone is computed, in its own dtype', async () => {
  const x = input('x', [2, 3]);
  const table = constant(
    host([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
  )
    .transpose()
    .mul(0.5);
  const outputs = [x.add(table).exp(), table.greater(1), table.cast('int32')];
  const done = foldConstants(outputs);
  expect(opCounts(done)).toEqual({ input: 1, constant: 3, add: 1, exp: 1 });
  const feeds = drawFeeds([x]);
  expect(difference(outputs, done, feeds)).toBe(0);
  expect(constantValue(done[1] as Tensor)).toMatchObject({ dtype: 'bool', data: Uint8Array.of(0, 1, 1, 0, 1, 1) });
  expect(constantValue(done[2] as Tensor)?.data).toEqual(Int32Array.of(0, 1, 2, 1, 2, 3));
  expect(await runAsIs(done, feeds)).toEqual(await runAsIs(outputs, feeds));
});

test('an op with several outputs folds into several constants', () => {
  const parts = constant(host([1, 2, 3])).split([1, 2], 0);
  const done = foldConstants(parts);
  expect(done.map((t) => constantValue(t)?.toArray())).toEqual([[1], [2, 3]]);
});

test('what an input, a parameter or a named size enters is not folded', () => {
  const parameter = new Parameter([2], (values) => values.fill(1));
  const x = input('x', [symbol('T')]);
  const outputs = [parameterTensor(parameter).mul(2), iota(symbol('T')).add(1), ones([symbol('T')]), x.mul(2)];
  expect(opCounts(foldConstants(outputs))).toEqual(opCounts(outputs));
});

test('a result too large for a model file stays computed', () => {
  const small = foldConstants([ones([512, 512]).mul(2)]);
  expect(opCounts(small)).toEqual({ constant: 1 });
  const large = ones([513, 512]);
  expect(opCounts(foldConstants([large]))).toEqual({ constant: 1, expand: 1 });
});

test('bits that are no numbers are left to the engine', () => {
  const half = constant(new HostArray(Uint16Array.of(0x3c00), [1], 'float16'));
  const outputs = [half.cast('float32'), constant(host([1.5])).cast('float16'), constant(host([7])).cast('int64')];
  expect(opCounts(foldConstants(outputs))).toMatchObject({ cast: 3 });
});
