import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { symbol } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import {
  arange,
  evaluate,
  flatten,
  full,
  input,
  type RefArray,
  rearrange,
  type SliceRange,
  slice,
  squeeze,
  stack,
  type Tensor,
  unsqueeze,
} from '#dist/ops/index.js';

const counting = (shape: readonly number[]): RefArray => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});
const valueFor = (x: Tensor, value: RefArray, y: Tensor): RefArray => evaluate([y], new Map([[x, value]]))[0] as RefArray;

describe('rearrange', () => {
  test('splits, reorders and joins as written', () => {
    const x = input('x', [2, 3, 8]);
    const y = valueFor(x, counting([2, 3, 8]), rearrange(x, 'b t (h d) -> b h t d', { h: 4 }));
    expect(y.shape).toEqual([2, 4, 3, 2]);
    // Element [b,h,t,d] is x[b,t,2h+d].
    expect(y.data[1 * 24 + 2 * 6 + 1 * 2 + 1]).toBe(1 * 24 + 1 * 8 + 2 * 2 + 1);
    expect(valueFor(x, counting([2, 3, 8]), rearrange(x, 'b t c -> (t b) 1 c')).shape).toEqual([6, 1, 8]);
    expect(rearrange(input('p', [symbol('B'), symbol('T'), 8]), 'b t (h d) -> (b h) t d', { h: 4 }).shape.map(String)).toEqual([
      '4*B',
      'T',
      '2',
    ]);
  });

  test('the pattern the other way round is the inverse', () => {
    const names = ['a', 'b', 'c', 'd'];
    const sizes = { a: 2, b: 3, c: 1, d: 2 };
    const side = fc
      .tuple(fc.shuffledSubarray(names, { minLength: 4 }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
      .map(([order, joins]) =>
        // Runs of joined names stand in parentheses.
        order.map((name, i) => `${joins[i] && !joins[i - 1] ? '(' : ''}${name}${joins[i] && !joins[i + 1] ? ')' : ''}`).join(' '),
      );
    fc.assert(
      fc.property(side, side, (left, right) => {
        const shape = rearrange(input('x', [2, 3, 1, 2]), `a b c d -> ${left}`).shape as number[];
        const x = input('x', shape);
        const there = rearrange(x, `${left} -> ${right}`, sizes);
        const back = rearrange(there, `${right} -> ${left}`, sizes);
        expect(valueFor(x, counting(shape), back)).toEqual(counting(shape));
      }),
    );
  });

  const misuse: readonly (readonly [string, Readonly<Record<string, number>>, RegExp])[] = [
    ['b t c -> b t', {}, /the axis c must stand on the right side too; got 'b t c -> b t' for x=\[2,3,8\] float32/],
    ['b t -> b t', {}, /2 axes, as on the left side/],
    ['b t c -> b t c d', {}, /the axis d must stand on the left side too/],
    ['b t (h d) -> b h t d', {}, /the size of h or of d must be given/],
    ['b t (h d) -> b h t d', { h: 3 }, /the axis \(h d\) of size 8 must be divisible by 3 to give d/],
    ['b t (h d) -> b h t d', { h: 4, d: 3 }, /the axis \(h d\) has size 12, not 8/],
    ['b t t -> b t', {}, /the axis t stands once on each side/],
    ['b t c -> b (t c', {}, /every parenthesis is closed/],
    ['b t c -> b t c', { q: 2 }, /the size given for q belongs to an axis/],
    ['b t c', {}, /a pattern 'names -> names'/],
    ['b 1 c -> b c', {}, /the axis 1 has size 1, not 3/],
  ];
  test.each(misuse)('refuses %s', (pattern, sizes, message) => {
    expect(() => rearrange(input('x', [2, 3, 8]), pattern, sizes)).toThrow(message);
  });
});

describe('slice', () => {
  test("counts as Python's slices do", () => {
    const position = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        position,
        fc.option(position, { nil: undefined }),
        fc.integer({ min: -3, max: 3 }),
        (n, start, stop, step) => {
          fc.pre(step !== 0);
          const x = input('x', [2, n]);
          const row: number[] = [];
          // By definition: clamp, then walk.
          const clamp = (i: number): number => Math.min(step > 0 ? n : n - 1, Math.max(step > 0 ? 0 : -1, i < 0 ? i + n : i));
          const end = stop === undefined ? (step > 0 ? n : -1) : clamp(stop);
          for (let i = clamp(start); step > 0 ? i < end : i > end; i += step) row.push(i);
          const y = valueFor(x, counting([2, n]), slice(x, [null, [start, stop, step]]));
          expect(y.shape).toEqual([2, row.length]);
          expect([...y.data]).toEqual([...row, ...row.map((i) => n + i)]);
        },
      ),
    );
  });

  test('works on axes of named size: the last position', () => {
    const x = input('x', [symbol('B'), symbol('T'), 8]);
    expect(slice(x, [null, [-1]]).shape.map(String)).toEqual(['B', '1', '8']);
    expect(slice(x, [null, [1]]).shape.map(String)).toEqual(['B', '-1+T', '8']);
    expect(slice(x, [[0, 2], null]).shape.map(String)).toEqual(['2', 'T', '8']);
  });

  test('its gradient fills with zeros what was left out, and adds up what was taken twice', () => {
    const x = input('x', [5]);
    const ranges: SliceRange[] = [[1, 4]];
    const both = gradients(
      slice(x, ranges)
        .sum()
        .add(slice(x, [[4, undefined, -2]]).sum()),
      [x],
    )[0] as Tensor;
    expect([...valueFor(x, counting([5]), both).data]).toEqual([1, 1, 2, 1, 1]);
  });

  test.each([
    [
      [
        [0, 2],
        [0, 2],
        [0, 1],
      ],
      /at most 2 ranges, one per axis; got 3/,
    ],
    [[[0, 2, 0]], /a step is a whole number, not 0; got 0/],
  ] as const)('refuses %j', (ranges, message) => {
    expect(() => slice(input('x', [4, 5]), ranges)).toThrow(message);
  });
  test('refuses a step over an axis of named size', () => {
    expect(() => slice(input('x', [symbol('T')]), [[0, undefined, 2]])).toThrow(
      /a step other than 1 takes an axis and positions of known size/,
    );
  });
});

describe('axes of size 1, joined axes, constants', () => {
  const x = input('x', [2, 1, 3, 1]);
  test.each([
    ['squeeze', squeeze(x), [2, 3]],
    ['squeeze of one axis', squeeze(x, -1), [2, 1, 3]],
    ['unsqueeze', unsqueeze(x, -1), [2, 1, 3, 1, 1]],
    ['flatten', flatten(x), [6]],
    ['flatten from 1', flatten(x, 1), [2, 3]],
    ['stack', stack([x, x], -1), [2, 1, 3, 1, 2]],
    ['a scalar flattened', flatten(input('s', [])), [1]],
  ] as const)('%s', (_, y, shape) => {
    expect(y.shape).toEqual(shape);
  });
  test('stack puts parts side by side', () => {
    const a = input('a', [2]);
    expect([...valueFor(a, counting([2]), stack([a, a.add(10)], 1)).data]).toEqual([0, 10, 1, 11]);
  });
  test('squeeze names the axis that is not 1', () => {
    expect(() => squeeze(x, 2)).toThrow('squeeze: axis 2 has size 1; got x=[2,1,3,1] float32.');
  });
  test('arange and full', () => {
    expect([...(evaluate([arange(4)], new Map())[0] as RefArray).data]).toEqual([0, 1, 2, 3]);
    expect(arange(4).dtype).toBe('int32');
    expect([...(evaluate([full([2, 2], 1.5)], new Map())[0] as RefArray).data]).toEqual([1.5, 1.5, 1.5, 1.5]);
    expect(() => arange(1.5)).toThrow(/arange: a length that is a whole number; got 1\.5/);
  });
});
