import { fail, normal } from '../core/index.js';
import type { Initializer } from '../ops/index.js';

/**
 * A random orthogonal matrix times `gain` (Saxe et al. 2014): lengths keep through any depth of such layers. A matrix that is
 * not square has orthonormal rows or columns, whichever are fewer; of a weight of more axes, the first is rows and the others
 * together are columns. Gaussian rows are made orthonormal one by one (Gram and Schmidt, twice, which is enough for float64),
 * so every orthogonal matrix is as likely as any other.
 * @throws shape: a weight of fewer than two axes
 */
export function orthogonal(gain = 1): Initializer {
  return (values, shape, key) => {
    if (shape.length < 2) throw fail('shape', { where: 'orthogonal', rule: 'a weight of two axes or more', got: `[${shape}]` });
    const rows = shape[0] as number;
    const columns = values.length / rows;
    const [count, length] = rows <= columns ? [rows, columns] : [columns, rows];
    const basis: Float64Array[] = [];
    for (let i = 0; i < count; i++) {
      const vector = Float64Array.from({ length }, (_, j) => normal(key, i * length + j));
      for (let pass = 0; pass < 2; pass++) for (const other of basis) subtract(vector, other, dot(vector, other));
      const size = Math.sqrt(dot(vector, vector));
      basis.push(vector.map((v) => v / size));
    }
    basis.forEach((vector, i) => {
      vector.forEach((v, j) => {
        values[rows <= columns ? i * columns + j : j * columns + i] = gain * v;
      });
    });
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** a − factor · b, in place. */
function subtract(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] as number) - factor * (b[i] as number);
}
