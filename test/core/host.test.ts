import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HeadlightError, HostArray, host, type Nested } from '#dist/core/index.js';

/** Rectangular nested arrays of numbers that float32 holds. */
const nested = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }).chain((shape) => {
  const build = (axis: number): fc.Arbitrary<Nested> =>
    axis === shape.length
      ? fc.integer({ min: -1000, max: 1000 })
      : fc.array(build(axis + 1), { minLength: shape[axis] as number, maxLength: shape[axis] as number });
  return build(0).map((values) => ({ values, shape }));
});

describe('host', () => {
  test('keeps values and shape: toArray gives back what came', () => {
    fc.assert(
      fc.property(nested, ({ values, shape }) => {
        const x = host(values);
        expect(x.shape).toEqual(shape);
        expect(x.dtype).toBe('float32');
        expect(x.toArray()).toEqual(values);
      }),
    );
  });

  test('at(...) reads what nested indexing reads', () => {
    const values = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const x = host(values);
    for (const [i, row] of values.entries()) for (const [j, v] of row.entries()) expect(x.at(i, j)).toBe(v);
    for (const bad of [[0], [0, 0, 0], [2, 0], [0, 3], [-1, 0], [0, 0.5], [Number.NaN, 0]])
      expect(() => x.at(...bad)).toThrow('HostArray.at: an index within [2,3]');
  });

  test('numbers are float32, booleans bool, unless told otherwise', () => {
    expect(host([1, 2]).data).toEqual(Float32Array.of(1, 2));
    expect(host([true, false])).toMatchObject({ dtype: 'bool', data: Uint8Array.of(1, 0) });
    expect(host([[true], [false]]).toArray()).toEqual([[true], [false]]);
    expect(host([1, 2], { dtype: 'int32' }).data).toEqual(Int32Array.of(1, 2));
    expect(host([1, 2], { dtype: 'int64' }).data).toEqual(BigInt64Array.of(1n, 2n));
    expect(host([1, 0], { dtype: 'bool' }).toArray()).toEqual([true, false]);
    expect(host(7)).toMatchObject({ shape: [] });
    expect(host(7).item()).toBe(7);
  });

  test('a flat list or typed array takes a shape', () => {
    expect(host([1, 2, 3, 4], { shape: [2, 2] }).at(1, 0)).toBe(3);
    expect(host(Float32Array.of(1, 2, 3, 4), { shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => host([1, 2, 3], { shape: [2, 2] })).toThrow('HostArray: shape [2,2] holds 4 elements; got 3.');
  });

  test('takes typed arrays too long for a call’s arguments, and does not share their memory', () => {
    const given = new Float32Array(300_000).fill(2);
    const x = host(given, { shape: [300, 1000] });
    given[299_999] = 0;
    expect(x.at(299, 999)).toBe(2);
  });

  test('empty arrays have their shape', () => {
    expect(host([]).shape).toEqual([0]);
    expect(host([[], []]).shape).toEqual([2, 0]);
  });

  test.each<[string, Nested]>([
    ['rows of two lengths', [[1, 2], [3]]],
    ['a number among rows', [[1, 2], 3]],
    ['a row among numbers', [1, [2]]],
    ['deeper in one place', [[[1]], [[1, 2]]]],
    ['an empty row first', [[], [1]]],
  ])('ragged arrays are refused: %s', (_, values) => {
    expect(() => host(values)).toThrow('host: nested arrays must be rectangular');
    try {
      host(values);
    } catch (error) {
      expect((error as HeadlightError).code).toBe('shape');
    }
  });
});

describe('HostArray', () => {
  test('its data are of the class that holds its dtype', () => {
    expect(() => new HostArray(new Float64Array(2), [2], 'float32')).toThrow(
      'HostArray: float32 is held by Float32Array; got Float64Array.',
    );
    expect(new HostArray(new Uint8Array(2), [2], 'bool').toArray()).toEqual([false, false]);
  });

  test('item() is for one element', () => {
    expect(host([[5]]).item()).toBe(5);
    expect(() => host([1, 2]).item()).toThrow('HostArray.item: one element; got shape [2]. Use at(...) or toArray().');
  });
});
