/** exp(x) / Σ exp(x), in float64, from the largest down. @param x any numbers @returns as many, from 0 to 1 */
export function softmax(x: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(x);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((v) => Math.exp(v - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}
