import { fail } from '../core/index.js';

/** Places of an axis from one to before another; negative ones count from the end, no end is the axis's. */
export interface Range {
  readonly from: number;
  readonly to: number | undefined;
}

/** First place and the one after the last. @throws axis: a range that leaves the axis, or is empty */
export function resolveRange({ from, to }: Range, size: number, where: string): readonly [from: number, to: number] {
  const first = from < 0 ? from + size : from;
  const end = to === undefined ? size : to < 0 ? to + size : to;
  if (first >= 0 && first < end && end <= size) return [first, end];
  throw fail('axis', { where, rule: `a range of at least one place within the axis of ${size}`, got: formatRange({ from, to }) });
}

/** `5:9` */
export function formatRange({ from, to }: Range): string {
  return `${from === 0 ? '' : from}:${to ?? ''}`;
}
