import { fail } from '../../../core/index.js';
import type { AttentionLayer, AttentionValue, Matrix } from '../../protocol/index.js';
import { headMatrix, type Looked } from './head-matrix.js';
import { cellsOf, pooled, sideFor } from './pool.js';

/** Every head of a layer, small: [heads,rows,columns], at most `size` cells a side. */
export async function layerThumbnails(looked: Looked, layer: number, value: AttentionValue, size: number): Promise<Matrix> {
  if (!(Number.isInteger(size) && size >= 1 && size <= 512))
    throw fail('value', { where: 'size', rule: 'a whole number from 1 to 512', got: String(size) });
  const { heads } = looked.run.attention[layer] as AttentionLayer;
  const small: Matrix[] = [];
  for (let head = 0; head < heads; head++) {
    const matrix = await headMatrix(looked, { layer, head }, value);
    const side = sideFor(matrix, size);
    small.push(pooled(matrix, side, [0, cellsOf(matrix.rows, side)], [0, cellsOf(matrix.columns, side)]));
  }
  const [rows, columns] = (small[0] as Matrix).shape as [number, number];
  const data = new Float32Array(heads * rows * columns);
  small.forEach((one, head) => {
    data.set(one.data, head * rows * columns);
  });
  return { shape: [heads, rows, columns], data };
}
