import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  broadcastShapes,
  concrete,
  equalShapes,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  sizeOf,
  stridesOf,
  symbol,
  withPath,
} from '#dist/core/index.js';

const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 });

/** NumPy's words, as they stand in its manual: compared from the right, sizes must be equal or one of them 1; a missing axis is 1. */
function numpyRule(a: readonly number[], b: readonly number[]): number[] | undefined {
  const out: number[] = [];
  for (let back = 1; back <= Math.max(a.length, b.length); back++) {
    const [x, y] = [a.at(-back) ?? 1, b.at(-back) ?? 1];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out.unshift(x === 1 ? y : x);
  }
  return out;
}

describe('broadcastShapes', () => {
  test('is NumPy’s rule', () => {
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        expect(broadcastShapes(a, b)).toEqual(numpyRule(a, b));
      }),
      { numRuns: 500 },
    );
  });

  test('is commutative, and a shape with itself or with a scalar is itself', () => {
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        expect(broadcastShapes(a, b)).toEqual(broadcastShapes(b, a));
        expect(broadcastShapes(a, a)).toEqual(a);
        expect(broadcastShapes(a, [])).toEqual(a);
      }),
    );
  });

  test('a named size goes with itself and with 1, not with another or with a number', () => {
    const [B, T] = [symbol('B'), symbol('T')];
    expect(broadcastShapes([B, 1], [T])).toEqual([B, T]);
    expect(broadcastShapes([B], [B])).toEqual([B]);
    expect(broadcastShapes([B], [T])).toBeUndefined();
    expect(broadcastShapes([B], [3])).toBeUndefined();
  });
});

describe('sizes and strides', () => {
  test('strides count row-major: every index has its own place, in order', () => {
    fc.assert(
      fc.property(shape, (s) => {
        const strides = stridesOf(s);
        const places: number[] = [];
        const walk = (axis: number, at: number): void => {
          if (axis === s.length) places.push(at);
          else for (let i = 0; i < (s[axis] as number); i++) walk(axis + 1, at + i * (strides[axis] as number));
        };
        walk(0, 0);
        expect(places).toEqual(Array.from({ length: sizeOf(s) }, (_, i) => i));
      }),
    );
  });

  test('a shape with names has a size with names and is not concrete', () => {
    const T = symbol('T');
    expect(String(sizeOf([2, T, 3]))).toBe('6*T');
    expect(concrete([2, T])).toBeUndefined();
    expect(concrete([2, 3])).toEqual([2, 3]);
    expect(formatShape([2, T])).toBe('[2,T]');
    expect(equalShapes([2, T], [2, symbol('T')])).toBe(true);
    expect(equalShapes([2], [2, 1])).toBe(false);
  });
});

describe('axes', () => {
  test('count from the back when negative', () => {
    expect([0, 2, -1, -3].map((a) => normalizeAxis(a, 3, 'x'))).toEqual([0, 2, 2, 0]);
    expect(normalizeAxes([-1, 0], 3, 'x')).toEqual([0, 2]);
    expect(normalizeAxes(undefined, 2, 'x')).toEqual([0, 1]);
    expect(normalizeAxes(-2, 2, 'x')).toEqual([0]);
  });

  test('outside, fractional or named twice are errors with the module path', () => {
    expect(() => withPath('blocks.1', () => normalizeAxis(3, 3, 'sum'))).toThrow(
      'sum at blocks.1: an axis lies between -3 and 2 for rank 3; got 3.',
    );
    expect(() => normalizeAxis(-4, 3, 'sum')).toThrow('got -4');
    expect(() => normalizeAxis(0.5, 3, 'sum')).toThrow('got 0.5');
    expect(() => normalizeAxis(0, 0, 'sum')).toThrow('rank 0');
    expect(() => normalizeAxes([1, -1], 2, 'sum')).toThrow('sum: an axis may be named once; got [1,-1].');
  });
});
