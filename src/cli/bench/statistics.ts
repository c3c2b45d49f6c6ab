import { fail } from '../../core/index.js';

/** What a bench says of a list of times. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  /** Nine in ten are at most this. */
  readonly p90: number;
  readonly max: number;
  readonly count: number;
}

/**
 * The q-quantile, linear between neighbours: at rank q·(n − 1) of the sorted values.
 * @param q in [0, 1]
 * @throws value: no values
 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = q * (sorted.length - 1);
  const low = sorted[Math.floor(rank)];
  const high = sorted[Math.ceil(rank)];
  if (low === undefined || high === undefined) throw fail('value', { where: 'quantile', rule: 'at least one value', got: 'none' });
  return low + (rank - Math.floor(rank)) * (high - low);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @throws value: no values */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: quantile(values, 0), p90: quantile(values, 0.9), max: quantile(values, 1), count: values.length };
}

/** The same of f of every value, f falling, such as a rate of a time: the least time is the highest rate. */
export function scaled({ median, min, max, p90, count }: Summary, falling: (value: number) => number): Summary {
  return { median: falling(median), min: falling(max), p90: falling(p90), max: falling(min), count };
}
