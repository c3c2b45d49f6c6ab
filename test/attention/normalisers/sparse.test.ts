import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entmax15, type Normaliser, sparsemax } from '#dist/attention/index.js';
import { gradients } from '#dist/grad/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { numbersOf, refArray } from '../../grad/programs.js';

/** Weights of one row, and the gradient of Σ factors ∘ weights. */
function of(normalise: Normaliser, row: readonly number[], factors: readonly number[]): { weights: number[]; gradient: number[] } {
  const shape = [1, 1, 1, row.length];
  const [x, c] = [input('x', shape, 'float64'), input('c', shape, 'float64')];
  const w = normalise(x, { mask: undefined, everyQueryAttends: true });
  const feeds = new Map([
    [x, refArray(shape, row)],
    [c, refArray(shape, factors)],
  ]);
  const [g] = gradients(w.mul(c).sum(), [x]) as [Tensor];
  return { weights: Array.from(numbersOf(w, feeds)), gradient: Array.from(numbersOf(g, feeds)) };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const rows = fc
  .array(fc.tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -100, max: 100 })), { minLength: 1, maxLength: 9 })
  .map((pairs) => ({ row: pairs.map(([s]) => s / 100), factors: pairs.map(([, c]) => c / 100) }));

test('sparsemax: exact zeros below the threshold, the support shifted alike, its gradient the factors less their mean', () => {
  fc.assert(
    fc.property(rows, ({ row, factors }) => {
      const { weights, gradient } = of(sparsemax(), row, factors);
      expect(sum(weights)).toBeCloseTo(1, 12);
      const support = weights.flatMap((w, i) => (w > 0 ? [i] : []));
      const shift = (row[support[0] as number] as number) - (weights[support[0] as number] as number);
      const mean = sum(support.map((i) => factors[i] as number)) / support.length;
      row.forEach((s, i) => {
        if (weights[i] === 0) {
          expect(s).toBeLessThanOrEqual(shift + 1e-12);
          expect(gradient[i]).toBe(0);
        } else {
          expect(weights[i]).toBeCloseTo(s - shift, 12);
          expect(gradient[i]).toBeCloseTo((factors[i] as number) - mean, 10);
        }
      });
    }),
  );
  expect(of(sparsemax(), [3, 1, 0], [0, 0, 0]).weights).toEqual([1, 0, 0]);
});

test('1.5-entmax: sums to 1, keeps the order, is no denser than softmax and no sparser than sparsemax', () => {
  fc.assert(
    fc.property(rows, ({ row, factors }) => {
      const { weights } = of(entmax15(), row, factors);
      const sparse = of(sparsemax(), row, factors).weights;
      expect(sum(weights)).toBeCloseTo(1, 12);
      row.forEach((s, i) => {
        if ((sparse[i] as number) > 1e-9) expect(weights[i]).toBeGreaterThan(0);
        row.forEach((other, j) => {
          if (s >= other) expect((weights[i] as number) - (weights[j] as number)).toBeGreaterThan(-1e-12);
        });
      });
    }),
  );
  // Scores 2 apart and more leave the smaller exactly nothing.
  expect(of(entmax15(), [2.5, 0.5], [0, 0]).weights).toEqual([1, 0]);
  expect(of(entmax15(), [1, 1], [0, 0]).weights.map((w) => Number(w.toFixed(12)))).toEqual([0.5, 0.5]);
});
