import { fail } from '../core/index.js';

/** The factor of the peak learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/**
 * Linear warm-up, then half a cosine down to a floor (Loshchilov and Hutter 2017, without restarts):
 * (t + 1)/(w + 1) for t < w; then f + (1 − f)(1 + cos π(t − w)/(n − w))/2.
 * @param options.warmup w, steps of warm-up
 * @param options.steps n, when the floor is reached
 * @param options.floor f, in [0, 1]
 */
export function cosine({ warmup, steps, floor = 0.1 }: { warmup: number; steps: number; floor?: number }): Schedule {
  if (!(warmup >= 0 && warmup <= steps && floor >= 0 && floor <= 1)) {
    throw fail('value', {
      where: 'cosine',
      rule: '0 ≤ warmup ≤ steps and a floor in [0, 1]',
      got: `warmup ${warmup}, steps ${steps}, floor ${floor}`,
    });
  }
  return (step) => {
    if (step < warmup) return (step + 1) / (warmup + 1);
    if (step >= steps) return floor;
    const progress = (step - warmup) / Math.max(1, steps - warmup);
    return floor + ((1 - floor) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

/** Always the peak. */
export const constant: Schedule = () => 1;
