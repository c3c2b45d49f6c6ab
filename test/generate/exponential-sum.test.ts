import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exponentialSum } from '#dist/generate/exponential-sum.js';

const logits = fc.array(fc.double({ min: -300, max: 300, noNaN: true }), { minLength: 1, maxLength: 60 });

test('the sum of exponentials is that of Math.exp, to rounding', () => {
  fc.assert(
    fc.property(logits, (values) => {
      const top = Math.max(...values);
      const expected = values.reduce((sum, x) => sum + Math.exp(x - top), 0);
      expect(Math.abs(exponentialSum(Float64Array.from(values), top) - expected) / expected).toBeLessThan(4e-15);
    }),
    { numRuns: 2000 },
  );
});

test('term by term: near the largest, at the octaves’ ends, and where nothing is left', () => {
  const far = [0, -1e-9, -Math.LN2, -Math.LN2 - 1e-12, -Math.LN2 + 1e-12, -0.5, -17.25, -99.9];
  for (const x of far) {
    const term = exponentialSum(Float64Array.of(0, x), 0) - 1;
    expect(Math.abs(term - Math.exp(x))).toBeLessThan(1e-15);
  }
  expect(exponentialSum(Float64Array.of(0, -1000, Number.NEGATIVE_INFINITY), 0)).toBe(1);
});
