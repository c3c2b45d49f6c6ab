import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normal, randomKey } from '#dist/core/index.js';
import { SpikeDetector } from '#dist/train/watch/index.js';

/** A loss that falls from 11 towards 2 as a power of the step, with relative noise, as runs' losses do. */
function curve(seed: number, noise: number): (step: number) => number {
  const key = randomKey(seed, 'curve');
  return (step) => (2 + 9 * (1 + step / 50) ** -0.5) * (1 + noise * normal(key, step));
}

describe('SpikeDetector', () => {
  test.each([0.005, 0.02, 0.08])('is silent over 10⁵ steps of a falling loss with normal noise of %d', (noise) => {
    const loss = curve(1, noise);
    const detector = new SpikeDetector();
    const spikes: number[] = [];
    for (let step = 0; step < 100_000; step++) if (detector.push(loss(step)) !== undefined) spikes.push(step);
    expect(spikes).toEqual([]);
  });

  test('says so at the very step of a spike, with what was before it', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 1000 }),
        fc.integer({ min: 50, max: 2000 }),
        fc.double({ min: 1.9, max: 1e6, noNaN: true }),
        (seed, at, times) => {
          const loss = curve(seed, 0.02);
          const detector = new SpikeDetector();
          for (let step = 0; step < at; step++) detector.push(loss(step));
          const last = Array.from({ length: Math.min(100, at) }, (_, i) => loss(at - 1 - i));
          const mean = last.reduce((a, b) => a + b) / last.length;
          const spike = detector.push(times * mean);
          // Before the first 100 steps the fall itself is most of the deviation: only leaps beyond it count.
          if (at < 150 && times < 3) return;
          expect(spike?.loss).toBe(times * mean);
          expect(spike?.mean).toBeCloseTo(mean, 10);
          const deviation = Math.sqrt(last.reduce((sum, x) => sum + (x - mean) ** 2, 0) / last.length);
          expect(spike?.deviation).toBeCloseTo(deviation, 8);
        },
      ),
    );
  });

  test('each of the three conditions is needed', () => {
    const isSpike = (losses: readonly number[], next: number): boolean => {
      const detector = new SpikeDetector({ sigmas: 6, factor: 1.5, least: 0.1 });
      for (const loss of losses) detector.push(loss);
      return detector.push(next) !== undefined;
    };
    const flat = Array.from({ length: 60 }, (_, i) => 2 + 0.01 * (i % 2));
    expect([isSpike(flat, 2.99), isSpike(flat, 3.05)]).toEqual([false, true]); // factor: 1.5 · 2.005
    const noisy = Array.from({ length: 60 }, (_, i) => 2 + 0.5 * (-1) ** i);
    expect([isSpike(noisy, 4.9), isSpike(noisy, 5.1)]).toEqual([false, true]); // sigmas: 2 + 6 · 0.5
    const learned = Array.from({ length: 60 }, () => 1e-5);
    expect([isSpike(learned, 0.09), isSpike(learned, 0.11)]).toEqual([false, true]); // least
  });

  test('speaks from the 50th loss on, of numbers that are none at once', () => {
    const detector = new SpikeDetector();
    for (let i = 0; i < 49; i++) expect(detector.push(2)).toBeUndefined();
    expect(detector.push(Number.NaN)?.mean).toBe(2);
    expect(detector.push(Number.POSITIVE_INFINITY)).toBeDefined();
    expect(detector.push(3)).toBeUndefined(); // the 50th: not judged
    expect(detector.push(30)).toBeDefined();
    detector.reset();
    expect(detector.push(30)).toBeUndefined();
  });

  test('a loss that stays high is a spike at every step: spikes do not teach it', () => {
    const detector = new SpikeDetector();
    for (let i = 0; i < 200; i++) detector.push(2 + 0.01 * (i % 3));
    for (let i = 0; i < 200; i++) expect(detector.push(8)).toBeDefined();
  });

  test('goes on from its state as if it had never stopped', () => {
    const loss = curve(3, 0.2);
    const whole = new SpikeDetector({ window: 60, sigmas: 1, factor: 1, least: 0 });
    let resumed = new SpikeDetector({ window: 60, sigmas: 1, factor: 1, least: 0 });
    let spikes = 0;
    for (let step = 0; step < 400; step++) {
      if (step % 37 === 0) {
        const state: number[] = JSON.parse(JSON.stringify(resumed.state()));
        resumed = new SpikeDetector({ window: 60, sigmas: 1, factor: 1, least: 0 });
        resumed.restore(state);
      }
      const expected = whole.push(loss(step));
      expect(resumed.push(loss(step))).toEqual(expected);
      if (expected !== undefined) spikes++;
    }
    expect(spikes).toBeGreaterThan(10);
    expect(whole.state()).toHaveLength(60);
  });

  test.each([
    [{ window: 1 }, 'window is a whole number from 2; got 1'],
    [{ sigmas: -1 }, 'sigmas is at least 0; got -1'],
    [{ factor: Number.NaN }, 'factor is at least 0; got NaN'],
  ])('refuses %o', (rule, message) => {
    expect(() => new SpikeDetector(rule)).toThrow(message);
  });

  test('refuses a state that is none', () => {
    expect(() => new SpikeDetector().restore([1, Number.NaN])).toThrow('a state of finite losses; got NaN');
  });
});
