import { expect, test } from 'vitest';
import { alibi, alibiSlopes, placesOf } from '#dist/attention/index.js';
import { numbersOf } from '../../grad/programs.js';

test('slopes of a power of two are the geometric sequence of the paper', () => {
  expect(alibiSlopes(8)).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]);
  const sixteen = alibiSlopes(16);
  expect(sixteen[0]).toBeCloseTo(Math.SQRT1_2, 12);
  sixteen.slice(1).forEach((m, h) => {
    expect(m / (sixteen[h] as number)).toBeCloseTo(Math.SQRT1_2, 12);
  });
  expect(alibiSlopes(1)).toEqual([1 / 256]);
});

test('slopes of other numbers are those of the power of two below, and every other one of the power above', () => {
  const above = alibiSlopes(16);
  expect(alibiSlopes(12)).toEqual([...alibiSlopes(8), ...[0, 2, 4, 6].map((h) => above[h])]);
  expect(alibiSlopes(3)).toEqual([1 / 16, 1 / 256, 1 / 4]);
  expect(alibiSlopes(6)).toEqual([1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 2, 1 / 8]);
});

test('the bias falls by a slope for each token of distance', () => {
  const bias = alibi(2)(placesOf(2, 3));
  expect(bias.shape).toEqual([2, 2, 3]);
  const [a, b] = [1 / 16, 1 / 256];
  const want = [0, -a, -2 * a, -a, 0, -a, 0, -b, -2 * b, -b, 0, -b];
  expect(Array.from(numbersOf(bias, new Map()), (x) => x + 0)).toEqual(want);
});

test('heads are whole', () => {
  for (const heads of [0, 2.5, Number.NaN]) expect(() => alibi(heads)).toThrow(/^alibi: a whole number from 1 as heads; got/);
});
