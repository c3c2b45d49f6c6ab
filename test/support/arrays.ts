import { fileURLToPath } from 'node:url';

type Numbers = ArrayLike<number | bigint>;

/** Path of a committed fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** max |a − b|; infinite when lengths differ or something is missing or NaN. */
export function largestDifference(a: Numbers | undefined, b: Numbers | undefined): number {
  if (a === undefined || b === undefined || a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(Number(a[i]) - Number(b[i]));
    if (!(d <= worst)) worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
  }
  return worst;
}

/** max |a − b| / max |b|. */
export function relativeDifference(a: Numbers | undefined, b: Numbers | undefined): number {
  let top = 0;
  for (let i = 0; i < (b?.length ?? 0); i++) top = Math.max(top, Math.abs(Number(b?.[i])));
  return largestDifference(a, b) / (top || 1);
}
