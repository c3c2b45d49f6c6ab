import { fail, normal as normalNumber, uniform as uniformNumber } from '../core/index.js';
import type { Initializer } from '../ops/index.js';

/** Gaussian numbers of mean 0. */
export function normal(deviation: number): Initializer {
  return (values, _, key) => {
    for (let i = 0; i < values.length; i++) values[i] = deviation * normalNumber(key, i);
  };
}

/** Numbers spread evenly from `low` to below `high`. @throws value: a range that is empty */
export function uniform(low: number, high: number): Initializer {
  if (!(low < high)) throw fail('value', { where: 'uniform', rule: 'a low end below the high one', got: `${low} and ${high}` });
  return (values, _, key) => {
    for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * uniformNumber(key, i);
  };
}

/**
 * Gaussian numbers of mean 0, drawn again where they lie beyond `cut` deviations. What is left deviates less than
 * `deviation`: by 0.88 at the usual cut of 2.
 * @throws value: a cut that is not above 0
 */
export function truncatedNormal(deviation: number, cut = 2): Initializer {
  if (!(cut > 0)) throw fail('value', { where: 'truncatedNormal', rule: 'a cut above 0, in deviations', got: String(cut) });
  return (values, _, key) => {
    for (let i = 0; i < values.length; i++) {
      // The next draws for this place are those of places beyond the last, so that no two places share one.
      let draw = normalNumber(key, i);
      for (let again = i + values.length; Math.abs(draw) > cut; again += values.length) draw = normalNumber(key, again);
      values[i] = deviation * draw;
    }
  };
}

/** The same number everywhere. */
export function filled(value: number): Initializer {
  return (values) => values.fill(value);
}

export const zeros: Initializer = filled(0);
export const ones: Initializer = filled(1);
