import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sinkhorn } from '#dist/attention/index.js';
import { input } from '#dist/ops/index.js';
import { numbersOf, refArray } from '../../grad/programs.js';
import { bestByTrying, hungarian, worthOf } from './assignment.js';

/** Weights of one head, as rows. */
function weightsOf(scores: readonly (readonly number[])[], options: Parameters<typeof sinkhorn>[0]): number[][] {
  const [queries, keys] = [scores.length, scores[0]?.length ?? 0];
  const x = input('x', [1, 1, queries, keys], 'float64');
  const w = sinkhorn(options)(x, { mask: undefined, everyQueryAttends: true });
  const flat = numbersOf(w, new Map([[x, refArray([1, 1, queries, keys], scores.flat())]]));
  return scores.map((_, i) => Array.from(flat.subarray(i * keys, (i + 1) * keys)));
}

const matrix = (queries: number, keys: number, bound = 40) =>
  fc.array(fc.array(fc.integer({ min: -bound, max: bound }), { minLength: keys, maxLength: keys }), {
    minLength: queries,
    maxLength: queries,
  });
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const columnsOf = (w: readonly (readonly number[])[]): number[][] => (w[0] ?? []).map((_, j) => w.map((row) => row[j] as number));

describe('rows and columns', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }));
  test('every query gives 1, every key takes an equal share of it', () => {
    fc.assert(
      fc.property(
        sizes.chain(([q, k]) => matrix(q, k)),
        (scores) => {
          const w = weightsOf(
            scores.map((row) => row.map((s) => s / 40)),
            { iterations: 60 },
          );
          for (const row of w) expect(sum(row)).toBeCloseTo(1, 10);
          for (const column of columnsOf(w)) expect(sum(column)).toBeCloseTo(scores.length / (scores[0]?.length ?? 0), 6);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('the sharp limit', () => {
  test('the Hungarian method finds what trying all finds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }).chain((n) => matrix(n, n)),
        (scores) => {
          const to = hungarian(scores);
          expect(new Set(to).size).toBe(scores.length);
          expect(worthOf(scores, to)).toBe(bestByTrying(scores)[0].worth);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('is the Hungarian assignment', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }).chain((n) => matrix(n, n, 6)),
        (scores) => {
          const [best, second] = bestByTrying(scores);
          fc.pre(best.worth - second.worth >= 2); // where two are all but equal, weights tell so
          const to = hungarian(scores);
          expect(errorOf(scores, to, 0.1)).toBeLessThan(0.1);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('is reached as the temperature falls: exchanges of k keys weigh e^(−gap/kτ)', () => {
    const scores = [
      [0, -2, 4],
      [0, 0, 6],
      [3, 3, 0],
    ];
    const to = hungarian(scores);
    expect(to).toEqual([0, 2, 1]);
    for (const temperature of [0.4, 0.2, 0.1]) {
      const ratio = errorOf(scores, to, temperature) / Math.exp(-2 / (3 * temperature)); // its rivals exchange three, and are 2 worse
      expect(ratio).toBeGreaterThan(0.5);
      expect(ratio).toBeLessThan(2);
    }
  });
});

/** How far the sharp weights are from an assignment's zeros and ones. */
function errorOf(scores: readonly (readonly number[])[], to: readonly number[], temperature: number): number {
  const w = weightsOf(scores, { iterations: 500, temperature });
  return Math.max(...w.flatMap((row, i) => row.map((value, j) => Math.abs(value - Number(to[i] === j)))));
}
