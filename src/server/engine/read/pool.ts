import type { Matrix, Range } from '../../protocol/index.js';
import type { HeadMatrix } from './head-matrix.js';

/**
 * A matrix seen from afar: each cell is the strongest of a square of `side` × `side`, so that no edge is lost.
 * What a causal mask takes out does not count; a square of nothing else is −∞.
 * @param rows, columns cells of the result, [from, to)
 */
export function pooled(matrix: HeadMatrix, side: number, rows: Range, columns: Range): Matrix {
  const [height, width] = [rows[1] - rows[0], columns[1] - columns[0]];
  const out = new Float32Array(height * width);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      out[i * width + j] = strongestOf(matrix, (rows[0] + i) * side, (columns[0] + j) * side, side);
    }
  }
  return { shape: [height, width], data: out };
}

function strongestOf({ data, rows, columns, strongest, causal }: HeadMatrix, top: number, left: number, side: number): number {
  let best = Number.NEGATIVE_INFINITY;
  let farthest = -1;
  const bottom = Math.min(rows, top + side);
  for (let row = top; row < bottom; row++) {
    const right = Math.min(columns, left + side, causal ? row + 1 : columns);
    for (let column = left; column < right; column++) {
      const value = data[row * columns + column] as number;
      if (strongest === 'largest') {
        if (value > best) best = value;
      } else if (Math.abs(value) > farthest) {
        farthest = Math.abs(value);
        best = value;
      }
    }
  }
  return best;
}

/** How many cells of a side a matrix has. */
export function cellsOf(size: number, side: number): number {
  return Math.ceil(size / side);
}

/** The smallest side at which a matrix has at most `most` cells along each axis. */
export function sideFor({ rows, columns }: Pick<HeadMatrix, 'rows' | 'columns'>, most: number): number {
  return Math.max(1, Math.ceil(Math.max(rows, columns) / most));
}
