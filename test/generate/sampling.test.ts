import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logProbability, probabilities, type SamplingOptions, sample } from '#dist/generate/index.js';

/** Few distinct values, so that ties are common. */
const logitsOf = fc
  .array(fc.oneof(fc.integer({ min: -4, max: 4 }), fc.float({ min: -8, max: 8, noNaN: true })), { minLength: 1, maxLength: 40 })
  .map((list) => Float32Array.from(list));

/** By the definition: sort all, cut, divide. */
function naive(logits: Float32Array, { temperature = 1, topK = logits.length, topP = 1 }: SamplingOptions): number[] {
  const order = Array.from(logits.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
  const out = new Array<number>(logits.length).fill(0);
  if (temperature === 0) {
    out[order[0] as number] = 1;
    return out;
  }
  const top = logits[order[0] as number] as number;
  let set = order.slice(0, topK).map((id) => ({ id, w: Math.exp(((logits[id] as number) - top) / temperature) }));
  const total = set.reduce((s, x) => s + x.w, 0);
  if (topP < 1) {
    let mass = 0;
    set = set.filter(({ w }) => {
      const before = mass;
      mass += w;
      return before < topP * total;
    });
  }
  const kept = set.reduce((s, x) => s + x.w, 0);
  for (const { id, w } of set) out[id] = w / kept;
  return out;
}

const optionsOf = fc.record(
  {
    temperature: fc.constantFrom(0, 0.1, 0.7, 1, 3),
    topK: fc.integer({ min: 1, max: 45 }),
    topP: fc.constantFrom(0.05, 0.3, 0.5, 0.9, 0.999, 1),
  },
  { requiredKeys: [] },
);

describe('which tokens, and how likely', () => {
  test('temperature, topK and topP as defined', () => {
    fc.assert(
      fc.property(logitsOf, optionsOf, (logits, options) => {
        const got = probabilities(logits, options);
        const expected = naive(logits, options);
        // A sum of weights can fall on the edge of the nucleus by rounding: only the last token of it is then in doubt.
        const differing = Array.from(got).filter((p, i) => Math.abs(p - (expected[i] as number)) > 1e-12).length;
        expect(differing).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  test('the nucleus is the smallest set of mass p', () => {
    fc.assert(
      fc.property(logitsOf, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (logits, topP) => {
        const all = probabilities(logits);
        const kept = probabilities(logits, { topP });
        const inside = Array.from(all).filter((_, i) => (kept[i] as number) > 0);
        const mass = inside.reduce((a, b) => a + b, 0);
        expect(mass).toBeGreaterThanOrEqual(topP - 1e-9);
        expect(mass - Math.min(...inside)).toBeLessThan(topP + 1e-9);
        const outside = Array.from(all).filter((_, i) => kept[i] === 0);
        expect(Math.max(0, ...outside)).toBeLessThanOrEqual(Math.min(...inside));
      }),
    );
  });

  test('greedy takes the lowest id among equals; very low temperatures are greedy, not NaN', () => {
    expect(sample(Float32Array.of(1, 3, 3, 2), { temperature: 0 })).toBe(1);
    expect(probabilities(Float32Array.of(1, 3, 2), { temperature: 1e-30 })).toEqual(Float64Array.of(0, 1, 0));
    expect(probabilities(Float32Array.of(Number.NEGATIVE_INFINITY, 0), { topP: 0.9 })).toEqual(Float64Array.of(0, 1));
  });

  test('log p is the log softmax of the logits as they are', () => {
    fc.assert(
      fc.property(logitsOf, (logits) => {
        const total = logits.reduce((s, x) => s + Math.exp(x), 0);
        logits.forEach((x, id) => {
          expect(logProbability(logits, id)).toBeCloseTo(x - Math.log(total), 10);
        });
      }),
    );
    expect(logProbability(Float32Array.of(1000, 1000), 0)).toBeCloseTo(-Math.log(2), 12);
  });
});

describe('drawing', () => {
  test.each<SamplingOptions & { seed: number }>([
    { seed: 1 },
    { seed: 2, temperature: 0.5 },
    { seed: 3, temperature: 2, topK: 6 },
    { seed: 2 ** 40 + 7, topP: 0.8 },
  ])('frequencies follow the probabilities: %o', (options) => {
    const logits = Float32Array.of(0.3, -1, 2, 1.5, -0.2, 0, 1.1, -2, 0.7, 1.9);
    const p = probabilities(logits, options);
    const counts = new Array<number>(logits.length).fill(0);
    const draws = 20_000;
    for (let n = 0; n < draws; n++) counts[sample(logits, options, n)] = (counts[sample(logits, options, n)] as number) + 1;
    let chiSquared = 0;
    for (const [id, count] of counts.entries()) {
      const expected = draws * (p[id] as number);
      if (expected === 0) expect(count).toBe(0);
      else chiSquared += (count - expected) ** 2 / expected;
    }
    // The 99.9% quantile of chi-squared at 9 degrees of freedom is 27.9; at fewer it is smaller.
    expect(chiSquared).toBeLessThan(27.9);
    expect(chiSquared).toBeGreaterThan(0);
  });
});

describe('what is refused', () => {
  test.each<[SamplingOptions, RegExp]>([
    [{ temperature: -0.1 }, /temperature is a number from 0; got -0.1/],
    [{ temperature: Number.NaN }, /temperature/],
    [{ temperature: Number.POSITIVE_INFINITY }, /temperature/],
    [{ topK: 0 }, /topK is a whole number from 1; got 0/],
    [{ topK: 1.5 }, /topK/],
    [{ topP: 0 }, /topP is above 0 and at most 1; got 0/],
    [{ topP: 1.01 }, /topP/],
    [{ topP: Number.NaN }, /topP/],
  ])('%o', (options, message) => {
    expect(() => sample(Float32Array.of(1, 2), options)).toThrow(
      expect.objectContaining({ code: 'value', message: expect.stringMatching(message) }),
    );
  });

  test('logits that are not numbers', () => {
    expect(() => sample(Float32Array.of(1, Number.NaN))).toThrow(expect.objectContaining({ code: 'numeric' }));
  });
});
