/**
 * Frequencies that fall from 1 by one ratio: θ_i = base^(−2i/C) for i = 0 … C/2 − 1, radians per position (Vaswani et al.
 * 2017, section 3.5; Su et al. 2021, section 3.2.2). The slowest wave is almost 2π · base positions long.
 * @param width C, even
 */
export function geometricFrequencies(width: number, base: number): Float64Array {
  return Float64Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width));
}
