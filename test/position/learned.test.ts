import { expect, test } from 'vitest';
import { symbol } from '#dist/core/index.js';
import { Module } from '#dist/nn/index.js';
import { evaluate, input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { LearnedPositions } from '#dist/position/index.js';
import { rowsOf } from '../nn/arrays.js';

const positions = new LearnedPositions(6, 3);
const table = rowsOf(positions.weight.value as { shape: readonly number[]; data: Float32Array });
const rows = (t: Tensor, feeds = new Map<Tensor, RefArray>()): number[][] => rowsOf(evaluate([t], feeds)[0] as RefArray);

test('the first T vectors of the table, up to all of it', () => {
  for (const length of [1, 4, 6]) {
    const y = positions.forward(input('x', [2, length, 3]));
    expect(y.shape).toEqual([length, 3]);
    expect(rows(y)).toEqual(table.slice(0, length));
  }
});

test('from a first position on', () => {
  const first = input('first', [1], 'int32');
  const y = positions.forward(input('x', [2, 2, 3]), first);
  expect(rows(y, new Map([[first, { shape: [1], data: Float64Array.of(3) }]]))).toEqual(table.slice(3, 5));
});

test('each token at its own position', () => {
  const position = input('position', [2, 3], 'int32');
  const y = positions.forward(input('x', [2, 3, 3]), position);
  expect(y.shape).toEqual([2, 3, 3]);
  const places = [0, 1, 0, 5, 2, 2];
  const want = places.map((p) => table[p]);
  expect(rows(y, new Map([[position, { shape: [2, 3], data: Float64Array.from(places) }]]))).toEqual(want);
  const [B, T] = [symbol('B'), symbol('T')];
  expect(positions.forward(input('x', [B, T, 3]), input('position', [B, T], 'int32')).shape).toEqual([B, T, 3]);
});

test('one token of one row: [1] and [1,1] are the same place', () => {
  for (const shape of [[1], [1, 1]]) {
    const position = input('position', shape, 'int32');
    const y = positions.forward(input('x', [1, 1, 3]), position);
    expect(rows(y, new Map([[position, { shape, data: Float64Array.of(4) }]]))).toEqual([table[4]]);
  }
});

test('positions of another shape or type', () => {
  const x = input('x', [2, 3, 3]);
  for (const shape of [[], [2], [3], [1, 3], [2, 3, 1]]) {
    expect(() => positions.forward(x, input('p', shape, 'int32'))).toThrow(
      `int32, [1] for the first token's position or [2,3] for every token's; got [${shape}] int32`,
    );
  }
  expect(() => positions.forward(x, input('p', [2, 3]))).toThrow(/got \[2,3\] float32/);
});

test('more tokens than the context: an error that names the module', () => {
  class Model extends Module {
    readonly positions = new LearnedPositions(6, 3);
    forward(x: Tensor): Tensor {
      return this.positions.forward(x);
    }
  }
  expect(() => new Model().forward(input('x', [1, 7, 3]))).toThrow(
    'positions at positions: at most 6 tokens, the context the model was made for; got 7. Shorten the text, or make the model with a larger context.',
  );
  expect(new Model().forward(input('x', [1, symbol('T'), 3])).shape).toMatchObject([{ key: 'T' }, 3]);
});
