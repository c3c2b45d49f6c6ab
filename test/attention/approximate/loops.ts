import { type HostArray, host } from '#dist/core/index.js';
import { numbers } from '../../nn/arrays.js';
import type { Read } from '../prove.js';
import { dot, range } from '../structures/loops.js';

/** Sizes of heads: batch, query heads, key heads, length, keys, width. */
export interface Sizes {
  readonly B: number;
  readonly H: number;
  readonly K: number;
  readonly T: number;
  readonly S: number;
  readonly D: number;
}

/** The row of a head: x(b, h, t, 0 … D−1). */
export const row = (x: Read, b: number, h: number, t: number, width: number): number[] => range(width).map((d) => x(b, h, t, d));

/** What a query gathers by its weights, which need not sum to 1: elements of [B,T,H,D] in their order. */
export function gathered(
  { B, H, K, T, S, D }: Sizes,
  value: Read,
  weights: (b: number, h: number, t: number) => readonly number[],
): number[] {
  return range(B).flatMap((b) =>
    range(T).flatMap((t) =>
      range(H).flatMap((h) => {
        const w = weights(b, h, t);
        const shared = Math.floor(h / (H / K));
        return range(D).map((d) =>
          dot(
            w,
            range(S).map((s) => value(b, shared, s, d)),
          ),
        );
      }),
    ),
  );
}

/** Positive weights that sum to 1, or zeros. */
export function toOne(weights: readonly number[]): number[] {
  const total = weights.reduce((a, w) => a + w, 0);
  return weights.map((w) => (total === 0 ? 0 : w / total));
}

/** Normal numbers for names, as a program is given them. */
export function feedsOf<Name extends string>(shapes: Readonly<Record<Name, readonly number[]>>): Record<Name, HostArray> {
  const entries = Object.entries<readonly number[]>(shapes);
  const arrays = entries.map(([name, shape]) => [name, host(numbers(name, shape).data, { shape, dtype: 'float32' })] as const);
  return Object.fromEntries(arrays) as Record<Name, HostArray>;
}

/** The same numbers as a formula reads them. */
export function readOf(feeds: Readonly<Record<string, HostArray>>): (name: string) => Read {
  return (name) =>
    (...index) =>
      feeds[name]?.at(...index) ?? Number.NaN;
}

/** One token of every row: [B,T,…] at t. */
export function tokenOf(y: HostArray, t: number): number[] {
  const [batch, length, ...rest] = y.shape as [number, number, ...number[]];
  const width = rest.reduce((a, b) => a * b, 1);
  return range(batch).flatMap((b) => Array.from(y.data.slice((b * length + t) * width, (b * length + t + 1) * width), Number));
}
