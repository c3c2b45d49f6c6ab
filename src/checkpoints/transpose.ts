import { arrayOf, fail, formatShape, HostArray } from '../core/index.js';

/** The transpose of a matrix, in the dtype it has: [n,m] → [m,n]. */
export function transposed(matrix: HostArray): HostArray {
  const [rows, columns] = matrix.shape;
  if (matrix.shape.length !== 2 || rows === undefined || columns === undefined) {
    throw fail('shape', { where: 'transposed', rule: 'a matrix', got: `shape ${formatShape(matrix.shape)}` });
  }
  const from = matrix.data;
  const to = new arrayOf[matrix.dtype](from.length);
  // Tiles keep both sides in cache: a plain double loop misses at every write of a large matrix.
  const tile = 32;
  for (let r0 = 0; r0 < rows; r0 += tile) {
    const r1 = Math.min(rows, r0 + tile);
    for (let c0 = 0; c0 < columns; c0 += tile) {
      const c1 = Math.min(columns, c0 + tile);
      for (let r = r0; r < r1; r++) for (let c = c0; c < c1; c++) to[c * rows + r] = from[r * columns + c] as never;
    }
  }
  return new HostArray(to, [columns, rows], matrix.dtype);
}
