/**
 * The exponent e of time ≈ a · T^e: the slope of a straight line through the logarithms, by least squares. Short lengths
 * are left out, whose time is the engine's own: only lengths from a quarter of the longest on count, and at least three.
 * @returns undefined with fewer than three lengths
 */
export function fittedExponent(points: readonly { readonly length: number; readonly ms: number }[]): number | undefined {
  const sorted = [...points].sort((a, b) => a.length - b.length).slice(-3);
  if (sorted.length < 3) return undefined;
  const xs = sorted.map(({ length }) => Math.log(length));
  const ys = sorted.map(({ ms }) => Math.log(ms));
  const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((s, x, i) => s + (x - mx) * ((ys[i] as number) - my), 0);
  return covariance / xs.reduce((s, x) => s + (x - mx) ** 2, 0);
}
