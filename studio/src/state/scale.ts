import type { AttentionValue } from '#dist/server/protocol/index.js';

/** Softmax rows add up to 1 only up to rounding: such a weight does not stretch the scale. */
const ROUNDING = 1e-4;

const known = new WeakMap<Float32Array, number>();

/** The largest magnitude of finite values; 0 where there is none. Looked for once in an array: what was answered does not change. */
export function largest(values: Float32Array): number {
  const kept = known.get(values);
  if (kept !== undefined) return kept;
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i] as number);
    if (magnitude > most && magnitude < Number.POSITIVE_INFINITY) most = magnitude;
  }
  known.set(values, most);
  return most;
}

/** Where a scale of colours ends: 1 for patterns, the largest magnitude for what has no bound of its own. */
export function scaleTop(values: Float32Array, value: AttentionValue, isDifference: boolean): number {
  const most = largest(values);
  if (value === 'pattern' && !isDifference) return most > 1 + ROUNDING ? most : 1;
  return most > 0 ? most : 1;
}
