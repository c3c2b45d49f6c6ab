import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { symbol } from '#dist/core/index.js';
import { evaluate, input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { AxialRotary, gridPlaces, rotate } from '#dist/position/index.js';
import { numbers } from '../nn/arrays.js';
import { largestDifference, relativeDifference } from '../support/arrays.js';

const [D, R, base] = [10, 8, 100];
const axial = new AxialRotary({ width: R, base });
const [x, rows, columns] = [input('x', [1, 1, 1, D]), input('rows', [1], 'int32'), input('columns', [1], 'int32')];
const turned = rotate(x, axial.at({ rows, columns }));
const one = (value: number): RefArray => ({ shape: [1], data: Float64Array.of(value) });

/** A vector by name, turned as the place (row, column) turns it. */
function at(name: string, row: number, column: number): Float64Array {
  const feeds = new Map([
    [x, numbers(name, [1, 1, 1, D])],
    [rows, one(row)],
    [columns, one(column)],
  ] as [Tensor, RefArray][]);
  return (evaluate([turned], feeds)[0] as RefArray).data;
}
const product = (a: Float64Array, b: Float64Array): number => a.reduce((s, v, i) => s + v * (b[i] as number), 0);

test('turns number by number as the definition says', () => {
  const v = numbers('v', [D]).data;
  const want = Float64Array.from(v);
  for (let pair = 0; pair < R / 2; pair++) {
    const frequency = base ** ((-4 * (pair % (R / 4))) / R);
    const angle = (pair < R / 4 ? 5 : 9) * frequency; // the first half by the row, the second by the column
    const [a, b] = [v[pair] as number, v[pair + R / 2] as number];
    want[pair] = a * Math.cos(angle) - b * Math.sin(angle);
    want[pair + R / 2] = b * Math.cos(angle) + a * Math.sin(angle);
  }
  expect(relativeDifference(at('v', 5, 9), want)).toBeLessThan(1e-6);
  expect([...at('v', 0, 0)]).toEqual([...v]);
});

test('products depend on the distances in rows and columns only, and on both', () => {
  const score = (r: number, c: number, r2: number, c2: number): number => product(at('q', r, c), at('k', r2, c2));
  const n = fc.nat(14);
  fc.assert(
    fc.property(n, n, n, n, n, n, (r, c, r2, c2, down, right) => {
      expect(score(r + down, c + right, r2 + down, c2 + right)).toBeCloseTo(score(r, c, r2, c2), 5);
    }),
    { numRuns: 30 },
  );
  expect(Math.abs(score(3, 3, 1, 1) - score(4, 3, 1, 1))).toBeGreaterThan(1e-3);
  expect(Math.abs(score(3, 3, 1, 1) - score(3, 4, 1, 1))).toBeGreaterThan(1e-3);
});

describe('places', () => {
  test('of a grid go row by row', () => {
    const grid = gridPlaces(2, 3);
    const read = (t: Tensor): number[] => Array.from((evaluate([t], new Map())[0] as RefArray).data, Number);
    expect([read(grid.rows), read(grid.columns)]).toEqual([
      [0, 0, 0, 1, 1, 1],
      [0, 1, 2, 0, 1, 2],
    ]);
    expect(axial.at(grid).cos.shape).toEqual([6, R / 2]);
  });

  test('of each image its own turn each image by its own', () => {
    const [B, P] = [symbol('B'), symbol('P')];
    expect(axial.at({ rows: input('r', [B, P], 'int32'), columns: input('c', [B, P], 'int32') }).sin.shape).toEqual([B, 1, P, R / 2]);
    const [r, c] = [input('r', [2, 2], 'int32'), input('c', [2, 2], 'int32')];
    const feeds = new Map([
      [r, { shape: [2, 2], data: Float64Array.of(0, 4, 2, 1) }],
      [c, { shape: [2, 2], data: Float64Array.of(3, 1, 1, 0) }],
    ] as [Tensor, RefArray][]);
    const many = (evaluate([axial.at({ rows: r, columns: c }).sin], feeds)[0] as RefArray).data;
    const fine = base ** (-4 / R);
    const want = [0, 0, 3, 3 * fine, 4, 4 * fine, 1, fine, 2, 2 * fine, 1, fine, 1, fine, 0, 0].map(Math.sin);
    expect(largestDifference(many, want)).toBeLessThan(1e-6);
  });
});

test('what cannot be is refused', () => {
  expect(() => new AxialRotary({ width: 6 })).toThrow(/a multiple of 4, pairs for rows and pairs for columns; got 6/);
  expect(() => new AxialRotary({ width: 5 })).toThrow(/got 5/);
  expect(() => new AxialRotary({ width: 4, base: 0 })).toThrow(/a base above 0; got 0/);
  const r = input('r', [3], 'int32');
  expect(() => axial.at({ rows: r, columns: input('c', [4], 'int32') })).toThrow(/rows and columns of one shape/);
  expect(() => axial.at({ rows: r, columns: input('c', [3]) })).toThrow(/got \[3\] int32 and \[3\] float32/);
});
