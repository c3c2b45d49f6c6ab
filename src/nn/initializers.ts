import { normal as normalNumber } from '../core/index.js';
import type { Initializer } from '../ops/index.js';

/** Gaussian numbers of mean 0. */
export function normal(deviation: number): Initializer {
  return (values, _, key) => {
    for (let i = 0; i < values.length; i++) values[i] = deviation * normalNumber(key, i);
  };
}

/** The same number everywhere. */
export function filled(value: number): Initializer {
  return (values) => values.fill(value);
}

export const zeros: Initializer = filled(0);
export const ones: Initializer = filled(1);
