import { fail } from '../core/index.js';

/** The factor of the learning rate at a step, counted from 0; 1 at the peak. */
export type Schedule = (step: number) => number;

export interface WarmupOptions {
  /** w, steps of linear warm-up: (t + 1)/(w + 1) for t < w. */
  readonly warmup?: number;
}

export interface DecayOptions extends WarmupOptions {
  /** n, when the floor is reached. */
  readonly steps: number;
  /** f, the factor at the end; in [0, 1]. */
  readonly floor?: number;
}

/**
 * Linear warm-up, then half a cosine down to a floor (Loshchilov and Hutter 2017, without restarts):
 * f + (1 − f)(1 + cos π(t − w)/(n − w))/2.
 * @throws value: more warm-up than steps, a floor outside [0, 1]
 */
export function cosine({ warmup = 0, steps, floor = 0.1 }: DecayOptions): Schedule {
  check('cosine', { warmup, steps, floor });
  return warmedUp(warmup, (t) => floor + ((1 - floor) * (1 + Math.cos(Math.PI * progress(t, warmup, steps)))) / 2);
}

/** Linear warm-up, then a straight line down to a floor (Devlin et al. 2019): 1 − (1 − f)(t − w)/(n − w). */
export function linear({ warmup = 0, steps, floor = 0 }: DecayOptions): Schedule {
  check('linear', { warmup, steps, floor });
  return warmedUp(warmup, (t) => 1 - (1 - floor) * progress(t, warmup, steps));
}

/**
 * The Transformer paper's schedule (Vaswani et al. 2017, equation 3), as a factor of its peak: with s = t + 1,
 * min(s/w, √(w/s)). The paper's rate C^−½ · min(s^−½, s·w^−3⁄2) is this with the peak rate (C·w)^−½.
 * @param options.warmup w, at least 1
 */
export function inverseSqrt({ warmup }: Required<WarmupOptions>): Schedule {
  if (!(Number.isInteger(warmup) && warmup >= 1)) throw impossible('inverseSqrt', 'warmup is a whole number from 1', `warmup ${warmup}`);
  return (step) => Math.min((step + 1) / warmup, Math.sqrt(warmup / (step + 1)));
}

/** Linear warm-up, then always the peak. */
export function constant({ warmup = 0 }: WarmupOptions = {}): Schedule {
  check('constant', { warmup, steps: warmup, floor: 0 });
  return warmedUp(warmup, () => 1);
}

/**
 * Warm-up, stable, decay (Hu et al. 2024, MiniCPM): the peak is held until the last `decay` steps, which fall to the
 * floor along a straight line.
 * @param options.decay d, steps of decay at the end; a fifth of the steps by default
 * @throws value: warm-up and decay that do not fit into the steps
 */
export function warmupStableDecay(options: DecayOptions & { readonly decay?: number }): Schedule {
  const { warmup = 0, steps, floor = 0, decay = Math.min(Math.floor(steps / 5), steps - warmup) } = options;
  check('warmupStableDecay', { warmup, steps, floor });
  if (!(Number.isInteger(decay) && decay >= 0 && warmup + decay <= steps)) {
    throw impossible('warmupStableDecay', 'warmup + decay ≤ steps', `warmup ${warmup}, decay ${decay}, steps ${steps}`);
  }
  return warmedUp(warmup, (t) => 1 - (1 - floor) * progress(t, steps - decay, steps));
}

function warmedUp(warmup: number, after: Schedule): Schedule {
  return (step) => (step < warmup ? (step + 1) / (warmup + 1) : after(step));
}

/** How much of the way from `from` to `to` is gone, in [0, 1]. */
function progress(step: number, from: number, to: number): number {
  if (step >= to) return 1;
  return Math.max(0, (step - from) / Math.max(1, to - from));
}

function check(where: string, { warmup, steps, floor }: { warmup: number; steps: number; floor: number }): void {
  if (Number.isInteger(warmup) && warmup >= 0 && warmup <= steps && floor >= 0 && floor <= 1) return;
  throw impossible(where, '0 ≤ warmup ≤ steps and a floor in [0, 1]', `warmup ${warmup}, steps ${steps}, floor ${floor}`);
}

function impossible(where: string, rule: string, got: string): Error {
  return fail('value', { where, rule, got });
}
