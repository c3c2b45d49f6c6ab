import { formatShape, type HostArray } from '../../core/index.js';

/** How far two numbers may be apart: |error| ≤ absolute + relative · |expected|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

export const singleTolerance: Tolerance = { absolute: 1e-5, relative: 1e-4 };
/** Of float16, which holds 11 bits: also its own rounding of numbers above 1. */
export const halfTolerance: Tolerance = { absolute: 1e-3, relative: 1e-3 };

export interface Comparison {
  readonly passed: boolean;
  /** The largest |got − expected|; infinite where one is not a number and the other is. */
  readonly largest: number;
  /** What does not fit, where it is not the numbers. */
  readonly mismatch?: string;
}

/** Equal infinities are equal; NaN equals NaN only. */
export function compare(got: HostArray, expected: HostArray, { absolute, relative }: Tolerance): Comparison {
  if (`${got.shape}` !== `${expected.shape}`) {
    return {
      passed: false,
      largest: Number.POSITIVE_INFINITY,
      mismatch: `shape ${formatShape(got.shape)}, expected ${formatShape(expected.shape)}`,
    };
  }
  let [passed, largest] = [true, 0];
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [Number(got.data[i]), Number(expected.data[i])];
    if (Object.is(a, b) || a === b) continue;
    const error = Math.abs(a - b);
    largest = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(largest, error);
    if (!(Number.isFinite(error) && error <= absolute + relative * Math.abs(b))) passed = false;
  }
  return { passed, largest };
}
