import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { candidates, minP, noRepeatNgram, probabilities, repetitionPenalty, sample, typical } from '#dist/generate/index.js';

/** Few distinct values, so that ties are common. */
const scoresOf = fc
  .array(fc.oneof(fc.integer({ min: -4, max: 4 }), fc.double({ min: -8, max: 8, noNaN: true })), { minLength: 1, maxLength: 40 })
  .map((list) => Float64Array.from(list));
const idsOf = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 14 });

function softmax(scores: ArrayLike<number>): number[] {
  const weights = Array.from(scores, Math.exp);
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

/** The ids whose score is not −∞. */
const leftBy = (scores: Float64Array): number[] => Array.from(scores.keys()).filter((id) => scores[id] !== Number.NEGATIVE_INFINITY);

/** Sum over tokens of (count − expected)² / expected, where something can come. */
function chiSquared(counts: readonly number[], p: ArrayLike<number>): number {
  const draws = counts.reduce((a, b) => a + b, 0);
  return counts.reduce((sum, count, id) => {
    const expected = draws * (p[id] as number);
    if (expected === 0) {
      expect(count).toBe(0);
      return sum;
    }
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

describe('minP', () => {
  test('leaves the tokens of p ≥ share · max p, with their scores', () => {
    fc.assert(
      fc.property(scoresOf, fc.constantFrom(0.01, 0.1, 0.3, 0.77, 1), (scores, share) => {
        const p = softmax(scores);
        const least = share * Math.max(...p);
        const left = minP(share)(scores, []);
        p.forEach((x, id) => {
          if (Math.abs(x - least) > 1e-12) expect(left[id]).toBe(x > least ? scores[id] : Number.NEGATIVE_INFINITY);
        });
        expect(leftBy(left)).toContain(scores.indexOf(Math.max(...scores)));
      }),
    );
  });
});

describe('typicalP', () => {
  test('is the smallest set of mass τ nearest to the entropy', () => {
    fc.assert(
      fc.property(scoresOf, fc.double({ min: 0.05, max: 0.98, noNaN: true }), (scores, mass) => {
        const p = softmax(scores);
        const entropy = -p.reduce((sum, x) => sum + x * Math.log(x), 0);
        const shift = (id: number): number => Math.abs(-Math.log(p[id] as number) - entropy);
        const left = leftBy(typical(mass)(scores, []));
        const held = left.reduce((sum, id) => sum + (p[id] as number), 0);
        expect(held).toBeGreaterThanOrEqual(mass - 1e-9);
        const furthest = Math.max(...left.map(shift));
        const edge = left.filter((id) => Math.abs(shift(id) - furthest) < 1e-9).map((id) => p[id] as number);
        expect(held - Math.max(...edge)).toBeLessThan(mass + 1e-9);
        for (const id of p.keys()) if (!left.includes(id)) expect(shift(id)).toBeGreaterThanOrEqual(furthest - 1e-9);
      }),
    );
  });

  test('may leave out the likeliest token', () => {
    // The likeliest says 0.9 nats, the others 4.6, and H = 3.1: the others are nearer to it.
    const flat = Float64Array.from([0.4, ...Array.from({ length: 60 }, () => 0.01)], Math.log);
    expect(leftBy(typical(0.3)(flat, []))).not.toContain(0);
  });
});

describe('repetitionPenalty', () => {
  test('makes what has been less likely, the rest untouched, however often it has been', () => {
    const scores = Float64Array.of(2, -2, 0, 1, -1);
    expect(repetitionPenalty(2)(scores, [0, 1, 0, 2])).toEqual(Float64Array.of(1, -4, 0, 1, -1));
    expect(repetitionPenalty(0.5)(scores, [0, 1])).toEqual(Float64Array.of(4, -1, 0, 1, -1));
    expect(scores).toEqual(Float64Array.of(2, -2, 0, 1, -1));
    expect(repetitionPenalty(2)(Float64Array.of(Number.NEGATIVE_INFINITY), [0])).toEqual(Float64Array.of(Number.NEGATIVE_INFINITY));
  });
});

describe('noRepeatNgram', () => {
  test('forbids exactly the tokens that would make an n-gram stand twice', () => {
    fc.assert(
      fc.property(idsOf, fc.integer({ min: 1, max: 4 }), (ids, n) => {
        const out = noRepeatNgram(n)(new Float64Array(4), ids);
        const grams = (list: readonly number[]): string[] =>
          Array.from({ length: Math.max(0, list.length - n + 1) }, (_, i) => list.slice(i, i + n).join());
        for (let id = 0; id < 4; id++) {
          const next = [...ids, id];
          const last = next.length >= n ? next.slice(-n).join() : undefined;
          expect(out[id] === Number.NEGATIVE_INFINITY).toBe(last !== undefined && grams(ids).includes(last));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('where nothing is left, it says so', () => {
    expect(() => sample(Float32Array.of(1, 2), { noRepeatNgram: 1 }, 0, [0, 1])).toThrow(
      expect.objectContaining({
        code: 'value',
        message: expect.stringMatching(/at least one token that may come next; got all 2 forbidden/),
      }),
    );
  });
});

describe('their order', () => {
  const logits = Float32Array.of(3, 2.5, 2, 1, 0, -1);

  test('penalties hold for the greedy choice; what shapes a draw does not', () => {
    expect(candidates(logits, { temperature: 0, repetitionPenalty: 2 }, [0]).ids).toEqual(Int32Array.of(1));
    expect(candidates(logits, { temperature: 0, noRepeatNgram: 1 }, [0, 1]).ids).toEqual(Int32Array.of(2));
    expect(candidates(logits, { temperature: 0, typicalP: 0.1, minP: 1 }).ids).toEqual(Int32Array.of(0));
  });

  test('topK before topP before minP, each on what is left; steps of the user between penalties and temperature', () => {
    // Of all tokens 0.5 is the first alone or the first two; of the two likeliest, 0.6 needs only the first.
    expect(candidates(logits, { topK: 2, topP: 0.6 }).ids).toEqual(Int32Array.of(0));
    expect(candidates(logits, { topP: 0.6 }).ids).toEqual(Int32Array.of(0, 1));
    // At temperature 4 the second is 0.88 as likely as the first, at 1 only 0.61.
    expect(candidates(logits, { temperature: 4, minP: 0.8 }).ids).toEqual(Int32Array.of(0, 1));
    expect(candidates(logits, { minP: 0.8 }).ids).toEqual(Int32Array.of(0));
    const noFirst = (scores: Float64Array): Float64Array => scores.map((x, id) => (id === 0 ? Number.NEGATIVE_INFINITY : x));
    expect(candidates(logits, { topK: 2, processors: [noFirst] }).ids).toEqual(Int32Array.of(1, 2));
  });

  test.each([
    [{ seed: 1, minP: 0.2 }],
    [{ seed: 2, typicalP: 0.7 }],
    [{ seed: 3, temperature: 1.5, repetitionPenalty: 1.4 }],
    [{ seed: 4, noRepeatNgram: 2, topK: 5 }],
    [{ seed: 5, temperature: 2, topK: 5, topP: 0.9, minP: 0.1, typicalP: 0.9, repetitionPenalty: 1.2 }],
  ])('frequencies follow the probabilities: %o', (options) => {
    const history = [0, 1, 4, 0];
    const p = probabilities(logits, options, history);
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    const counts = new Array<number>(logits.length).fill(0);
    for (let n = 0; n < 20_000; n++) {
      const id = sample(logits, options, n, history);
      counts[id] = (counts[id] as number) + 1;
    }
    // The 99.9% quantile of chi-squared at 5 degrees of freedom is 20.5; at fewer it is smaller.
    expect(chiSquared(counts, p)).toBeLessThan(20.5);
  });

  test.each([
    [{ minP: -0.1 }, /minP is from 0 to 1; got -0.1/],
    [{ minP: 1.1 }, /minP/],
    [{ typicalP: 0 }, /typicalP is above 0 and at most 1; got 0/],
    [{ repetitionPenalty: 0 }, /repetitionPenalty is a number above 0; got 0/],
    [{ repetitionPenalty: Number.NaN }, /repetitionPenalty/],
    [{ noRepeatNgram: 0 }, /noRepeatNgram is a whole number from 1; got 0/],
  ])('%o is refused', (options, message) => {
    expect(() => sample(logits, options)).toThrow(expect.objectContaining({ code: 'value', message: expect.stringMatching(message) }));
  });
});
