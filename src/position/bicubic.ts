/** Keys's constant as PyTorch's `interpolate` has it. */
const a = -0.75;

/** The cubic convolution kernel (Keys 1981, eq. 4) at a distance. */
function kernel(distance: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return 0;
}

/**
 * Bicubic interpolation along one axis as a matrix: y = M x, from `from` samples to `to` samples over the same extent.
 * Sample centres lie at half steps, samples beyond the ends are the ends'; nothing is smoothed when there become fewer
 * (PyTorch's `mode='bicubic', align_corners=False`).
 * @returns [to,from], row-major; every row sums to 1
 */
export function bicubicMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const centre = ((row + 0.5) * from) / to - 0.5;
    const first = Math.floor(centre) - 1;
    for (let i = first; i < first + 4; i++) {
      const at = row * from + Math.min(from - 1, Math.max(0, i));
      matrix[at] = (matrix[at] as number) + kernel(centre - i);
    }
  }
  return matrix;
}
