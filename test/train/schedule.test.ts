import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { constant, cosine, inverseSqrt, linear, type Schedule, warmupStableDecay } from '#dist/train/index.js';

const sizes = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 400 }), fc.double({ min: 0, max: 1, noNaN: true }));
const table = (schedule: Schedule, steps: number): number[] => Array.from({ length: steps + 50 }, (_, t) => schedule(t));

describe('schedules', () => {
  test('cosine is Loshchilov and Hutter’s half period, by its values at the quarters', () => {
    const schedule = cosine({ warmup: 20, steps: 120, floor: 0.1 });
    const half = (x: number): number => 0.1 + 0.9 * x;
    for (const [t, x] of [
      [20, 1],
      [45, (1 + Math.SQRT1_2) / 2],
      [70, 0.5],
      [95, (1 - Math.SQRT1_2) / 2],
      [120, 0],
      [500, 0],
    ] as const)
      expect(schedule(t)).toBeCloseTo(half(x), 12);
  });

  test('linear falls by the same amount at every step, from the peak to the floor', () => {
    const schedule = linear({ warmup: 10, steps: 110, floor: 0.2 });
    for (let t = 10; t < 110; t++) expect(schedule(t) - schedule(t + 1)).toBeCloseTo(0.8 / 100, 12);
    expect(schedule(10)).toBe(1);
    for (const t of [110, 1000]) expect(schedule(t)).toBeCloseTo(0.2, 12);
  });

  test.each([1, 7, 4000])('inverseSqrt with warm-up %i is equation 3 of Vaswani et al., with the peak (C·w)^−½', (warmup) => {
    const width = 512;
    const schedule = inverseSqrt({ warmup });
    const peak = (width * warmup) ** -0.5;
    for (const step of [1, 2, 6, 7, 8, 3999, 4000, 4001, 100_000]) {
      const paper = width ** -0.5 * Math.min(step ** -0.5, step * warmup ** -1.5);
      expect((peak * schedule(step - 1)) / paper).toBeCloseTo(1, 12);
    }
  });

  test('warmupStableDecay holds the peak and then falls along a line to the floor', () => {
    const schedule = warmupStableDecay({ warmup: 5, steps: 100, decay: 20, floor: 0.5 });
    for (let t = 5; t <= 80; t++) expect(schedule(t)).toBe(1);
    for (let t = 80; t <= 100; t++) expect(schedule(t)).toBeCloseTo(1 - (0.5 * (t - 80)) / 20, 12);
    expect(warmupStableDecay({ steps: 100 })(80)).toBe(1);
    expect(warmupStableDecay({ steps: 100 })(81)).toBeLessThan(1);
  });

  test('constant is the peak after the warm-up', () => {
    expect([0, 1, 2, 3, 4, 99].map(constant({ warmup: 4 }))).toEqual([0.2, 0.4, 0.6, 0.8, 1, 1]);
    expect(constant()(0)).toBe(1);
  });

  test('all lie in (0, 1] before the end, rise to 1 in equal steps, never rise after it, and jump nowhere', () => {
    fc.assert(
      fc.property(sizes, ([warmup, more, floor]) => {
        const steps = warmup + more;
        const decay = Math.ceil(more / 3);
        const all = [
          cosine({ warmup, steps, floor }),
          linear({ warmup, steps, floor }),
          constant({ warmup }),
          warmupStableDecay({ warmup, steps, floor, decay }),
        ];
        for (const [i, schedule] of all.entries()) {
          const values = table(schedule, steps);
          for (let t = 0; t < warmup; t++) expect(values[t]).toBeCloseTo((t + 1) / (warmup + 1), 12);
          expect(values[warmup]).toBe(1);
          // Half a cosine is steepest in its middle: π/2 times as steep as a line.
          const slope = [Math.PI / 2 / more, 1 / more, 0, 1 / decay][i] as number;
          for (let t = warmup; t + 1 < values.length; t++) {
            const fall = (values[t] as number) - (values[t + 1] as number);
            expect(fall).toBeGreaterThanOrEqual(-1e-15);
            expect(fall).toBeLessThanOrEqual((1 - floor) * slope + 1e-12);
          }
          if (i !== 2) expect(values.at(-1)).toBeCloseTo(floor, 12);
        }
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    ['more warm-up than steps', () => cosine({ warmup: 11, steps: 10 }), /cosine: 0 ≤ warmup ≤ steps .*got warmup 11, steps 10/],
    ['a floor above the peak', () => linear({ steps: 10, floor: 1.5 }), /linear: .*floor in \[0, 1\]; got .*floor 1\.5/],
    ['a warm-up of half a step', () => constant({ warmup: 0.5 }), /constant/],
    ['no number of steps', () => cosine({ steps: Number.NaN }), /cosine/],
    ['no warm-up to divide by', () => inverseSqrt({ warmup: 0 }), /inverseSqrt: warmup is a whole number from 1; got warmup 0/],
    [
      'warm-up and decay that overlap',
      () => warmupStableDecay({ warmup: 6, steps: 10, decay: 5 }),
      /warmup \+ decay ≤ steps; got warmup 6, decay 5, steps 10/,
    ],
  ])('%s is refused', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
