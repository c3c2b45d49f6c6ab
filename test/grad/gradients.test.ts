import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { host } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { constant, gather, input, stopGradient, type Tensor } from '#dist/ops/index.js';
import { centralDifferences, type Feeds, numbersOf, randomLoss, randomValues, refArray } from './programs.js';

function close(got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-7): void {
  const size = Math.max(1, ...Array.from(want, Math.abs));
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) expect(Math.abs((got[i] as number) - (want[i] as number)) / size).toBeLessThan(tolerance);
}

const scalar = (name: string): Tensor => input(name, [], 'float64');
const at = (pairs: readonly (readonly [Tensor, number])[]): Feeds => new Map(pairs.map(([t, v]) => [t, refArray([], [v])]));

describe('random programs', () => {
  test('gradients are what central differences give', () => {
    fc.assert(
      fc.property(randomLoss, randomValues, randomValues, (build, u, v) => {
        const [x, y] = [input('x', [2, 3], 'float64'), input('y', [2, 3], 'float64')];
        const loss = build(x, y);
        const feeds: Feeds = new Map([
          [x, refArray([2, 3], u)],
          [y, refArray([2, 3], v)],
        ]);
        const [gx, gy] = gradients(loss, [x, y]) as [Tensor, Tensor];
        close(numbersOf(gx, feeds), centralDifferences(loss, x, feeds), 1e-6);
        close(numbersOf(gy, feeds), centralDifferences(loss, y, feeds), 1e-6);
      }),
      { numRuns: 60 },
    );
  });

  test('so are gradients of gradients', () => {
    fc.assert(
      fc.property(randomLoss, randomValues, randomValues, (build, u, v) => {
        const [x, y] = [input('x', [2, 3], 'float64'), input('y', [2, 3], 'float64')];
        const feeds: Feeds = new Map([
          [x, refArray([2, 3], u)],
          [y, refArray([2, 3], v)],
        ]);
        const [gx] = gradients(build(x, y), [x]) as [Tensor];
        const second = gx
          .mul(
            constant(
              host(
                [
                  [1, -2, 3],
                  [0.5, 1, -1],
                ],
                { dtype: 'float64' },
              ),
            ),
          )
          .sum();
        const [byX, byY] = gradients(second, [x, y]) as [Tensor, Tensor];
        close(numbersOf(byX, feeds), centralDifferences(second, x, feeds), 1e-5);
        close(numbersOf(byY, feeds), centralDifferences(second, y, feeds), 1e-5);
      }),
      { numRuns: 20 },
    );
  });

  test('gradients are linear in the seed', () => {
    fc.assert(
      fc.property(randomValues, randomValues, (u, s) => {
        const x = input('x', [2, 3], 'float64');
        const y = x.softmax().mul(x);
        const seed = constant(host(s, { shape: [2, 3], dtype: 'float64' }));
        const feeds: Feeds = new Map([[x, refArray([2, 3], u)]]);
        const [seeded] = gradients(y, [x], seed) as [Tensor];
        const [weighed] = gradients(y.mul(seed).sum(), [x]) as [Tensor];
        close(numbersOf(seeded, feeds), numbersOf(weighed, feeds), 1e-14);
      }),
      { numRuns: 20 },
    );
  });
});

describe('how a tensor is used', () => {
  test('several uses add up', () => {
    const x = scalar('x');
    const y = x.mul(x).mul(x).add(x.mul(5)).add(x.mul(x));
    const [g] = gradients(y, [x]) as [Tensor];
    close(numbersOf(g, at([[x, 1.5]])), [3 * 1.5 ** 2 + 5 + 2 * 1.5], 1e-14);
  });

  test('one that the loss does not depend on has zeros of its shape and dtype', () => {
    const [x, other, ints] = [scalar('x'), input('z', [2, 3], 'float32'), input('i', [4], 'int32')];
    const [g, h] = gradients(x.mul(2), [other, ints]) as [Tensor, Tensor];
    expect([g.shape, g.dtype, h.shape, h.dtype]).toEqual([[2, 3], 'float32', [4], 'int32']);
    expect([...numbersOf(g, new Map())]).toEqual(new Array(6).fill(0));
    expect([...numbersOf(h, new Map())]).toEqual(new Array(4).fill(0));
  });

  test('the loss by itself is 1', () => {
    const x = scalar('x');
    const loss = x.mul(3);
    expect([...numbersOf(gradients(loss, [loss])[0] as Tensor, at([[x, 2]]))]).toEqual([1]);
  });

  test('an intermediate value and what it depends on each have theirs', () => {
    const x = scalar('x');
    const middle = x.mul(x);
    const loss = middle.mul(middle).add(x);
    const [byMiddle, byX] = gradients(loss, [middle, x]) as [Tensor, Tensor];
    close(numbersOf(byMiddle, at([[x, 3]])), [2 * 9]);
    close(numbersOf(byX, at([[x, 3]])), [4 * 27 + 1]);
  });

  test('named twice, it has the gradient twice', () => {
    const x = scalar('x');
    const found = gradients(x.mul(x), [x, x]).map((g) => numbersOf(g, at([[x, 4]]))[0]);
    expect(found).toEqual([8, 8]);
  });

  test('broadcasting is undone: the gradient has the shape of the tensor', () => {
    const [x, row, column] = [input('x', [2, 3], 'float64'), input('r', [3], 'float64'), input('c', [2, 1], 'float64')];
    const feeds: Feeds = new Map([
      [x, refArray([2, 3], [1, 2, 3, 4, 5, 6])],
      [row, refArray([3], [1, -1, 2])],
      [column, refArray([2, 1], [2, -3])],
    ]);
    const loss = x.mul(row).mul(column).sum();
    const [gr, gc] = gradients(loss, [row, column]) as [Tensor, Tensor];
    expect([gr.shape, gc.shape]).toEqual([[3], [2, 1]]);
    close(numbersOf(gr, feeds), [1 * 2 - 3 * 4, 2 * 2 - 3 * 5, 3 * 2 - 3 * 6]);
    close(numbersOf(gc, feeds), [1 - 2 + 6, 4 - 5 + 12]);
  });

  test('only one output of several counts', () => {
    const x = input('x', [4], 'float64');
    const [, late] = x.split([1, 3], 0) as [Tensor, Tensor];
    const [g] = gradients(late.mul(late).sum(), [x]) as [Tensor];
    close(numbersOf(g, new Map([[x, refArray([4], [1, 2, 3, 4])]])), [0, 4, 6, 8]);
  });

  test('no gradient passes stopGradient, or integers', () => {
    const x = scalar('x');
    const [g] = gradients(stopGradient(x.mul(x)).mul(x), [x]) as [Tensor];
    close(numbersOf(g, at([[x, 3]])), [9]);
    const [none] = gradients(stopGradient(x).mul(2), [x]) as [Tensor];
    expect([...numbersOf(none, at([[x, 3]]))]).toEqual([0]);
    const table = input('t', [3], 'float64');
    const [rows] = gradients(gather(table, table.cast('int32')).sum(), [table]) as [Tensor];
    close(numbersOf(rows, new Map([[table, refArray([3], [2, 0, 2])]])), [1, 0, 2]);
  });
});

describe('higher derivatives', () => {
  test('of a polynomial, as school has them', () => {
    const x = scalar('x');
    let y = x.mul(x).mul(x).mul(x).sub(x.mul(x).mul(2)); // x⁴ − 2x²
    const expected = [4 * 8 - 4 * 2, 12 * 4 - 4, 24 * 2, 24, 0];
    for (const want of expected) {
      y = gradients(y, [x])[0] as Tensor;
      close(numbersOf(y, at([[x, 2]])), [want], 1e-13);
    }
  });

  test('the Hessian of log-sum-exp is diag(p) − p pᵀ', () => {
    const x = input('x', [3], 'float64');
    const feeds: Feeds = new Map([[x, refArray([3], [0.2, -1, 0.7])]]);
    const p = [0.2, -1, 0.7].map(Math.exp).map((e, _, all) => e / all.reduce((a, b) => a + b));
    const [g] = gradients(x.exp().sum().log(), [x]) as [Tensor];
    for (let i = 0; i < 3; i++) {
      const [row] = gradients(g.slice([[i, i + 1]]).sum(), [x]) as [Tensor];
      close(
        numbersOf(row, feeds),
        p.map((pj, j) => (i === j ? pj : 0) - (p[i] as number) * pj),
        1e-13,
      );
    }
  });

  test('softmax’s second derivative, by differences of its first', () => {
    const x = input('x', [2, 3], 'float64');
    const feeds: Feeds = new Map([[x, refArray([2, 3], [1, 0.3, -0.5, 0.1, 0.9, -2])]]);
    const y = x.softmax();
    const [g] = gradients(y.mul(y).sum(), [x]) as [Tensor];
    const energy = g.mul(g).sum();
    close(numbersOf(gradients(energy, [x])[0] as Tensor, feeds), centralDifferences(energy, x, feeds));
  });
});

describe('misuse', () => {
  test('a loss that is no scalar', () => {
    const x = input('x', [2, 3]);
    expect(() => gradients(x.mul(2), [x])).toThrow('gradients: the loss is a scalar (shape []); got [2,3]. Reduce it with sum or mean.');
  });

  test('a loss of whole numbers', () => {
    const x = input('x', [], 'int32');
    expect(() => gradients(x, [x])).toThrow('gradients: a float loss; got int32.');
  });

  test('a seed of another shape or dtype', () => {
    const x = input('x', [2, 3]);
    expect(() => gradients(x.mul(2), [x], input('s', [3]))).toThrow('gradients: a seed like the loss, [2,3] float32; got [3] float32.');
    expect(() => gradients(x.mul(2), [x], input('s', [2, 3], 'float64'))).toThrow('got [2,3] float64');
  });
});
