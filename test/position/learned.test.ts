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
