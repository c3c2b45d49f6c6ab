import type { JsonObject } from '../config.js';

/**
 * Llama 3.1's scaling of rotary frequencies (`rope_scaling` of `rope_type` "llama3"): frequency f_i = θ^(−2i/D) of wavelength
 * w_i = 2π / f_i is divided by
 *   1 where w_i < n/h;  s where w_i > n/l;  1 / ((1 − t)/s + t) between, with t = (n/w_i − l) / (h − l),
 * for the factor s, the low and high frequency factors l and h, and the original context n.
 * A GGUF file holds these divisors as the tensor `rope_freqs.weight` [D/2].
 */
export interface Llama3Scaling {
  readonly factor: number;
  readonly low_freq_factor: number;
  readonly high_freq_factor: number;
  readonly original_max_position_embeddings: number;
}

/** @returns [D/2] */
export function llama3Factors(scaling: Llama3Scaling, theta: number, headWidth: number): Float32Array {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = scaling;
  return Float32Array.from({ length: headWidth / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / headWidth);
    if (wavelength < original / high) return 1;
    if (wavelength > original / low) return factor;
    const t = (original / wavelength - low) / (high - low);
    return 1 / ((1 - t) / factor + t);
  });
}

/** Original contexts, those of published models first: settings of the same divisors mean the same. */
const originals: readonly number[] = [8192, ...Array.from({ length: 17 }, (_, i) => 2 ** (i + 4))];

/** The settings whose divisors these are, frequency factors being the published 1 and 4; `undefined` for divisors of another making. */
export function llama3ScalingOf(factors: Float32Array, theta: number): JsonObject | undefined {
  const settings = originals.map((original) => ({
    factor: Math.round(Math.max(...factors)),
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: original,
  }));
  const scaling = settings.find((scaling) => {
    const expected = llama3Factors(scaling, theta, 2 * factors.length);
    return factors.every((x, i) => Math.abs(x - (expected[i] as number)) <= 1e-4 * (expected[i] as number));
  });
  return scaling && { rope_type: 'llama3', ...scaling };
}
