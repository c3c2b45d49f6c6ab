import { randomKey, uniform } from '#dist/core/index.js';

/** So many elements at most are moved together, so that roundings of a gradient in float32 do not add up to a difference. */
const together = 16;

/**
 * Directions in which an array's gradient is asked, the same for the same name. A small array is asked for each element. Of a large one each direction moves
 * a share of the elements by 1 to 2, up or down, and each element is in two: a fault in one element shows at least as much as where that element is asked
 * alone, and faults of several do not cancel both times.
 */
export function directionsOf(name: string, length: number): Float64Array[] {
  if (length <= together) return Array.from({ length }, (_, r) => Float64Array.from({ length }, (__, i) => Number(i === r)));
  const key = randomKey(0, `${name} directions`);
  const shares = Math.ceil(length / together);
  return Array.from({ length: 2 * shares }, (_, r) =>
    Float64Array.from({ length }, (__, i) => {
      const u = i % shares === r % shares ? 2 * uniform(key, r * length + i) - 1 : 0;
      return u + Math.sign(u);
    }),
  );
}

/**
 * dL/dε of L(x + ε u) at 0, by differences of fourth order in float64; x is moved and put back.
 * @param step how far x goes at the least, by its length
 */
export function slopeAlong(x: Float64Array, u: Float64Array, loss: () => number, step: number): number {
  const at = x.slice();
  const h = step / Math.hypot(...u);
  const moved = (d: number): number => {
    for (let i = 0; i < x.length; i++) x[i] = (at[i] as number) + d * (u[i] as number);
    return loss();
  };
  const slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
  x.set(at);
  return slope;
}

/** Σ_i a_i b_i; not a number where lengths differ or something is missing. */
export function innerProduct(a: ArrayLike<number> | undefined, b: ArrayLike<number>): number {
  if (a?.length !== b.length) return Number.NaN;
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
