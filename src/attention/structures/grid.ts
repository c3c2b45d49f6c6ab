import { type Dim, equalDims, equalShapes, fail, multiplyDims } from '../../core/index.js';
import { formatSpec, type Tensor } from '../../ops/index.js';

/** Which lines of a grid are sequences: its rows (what stands beside), or its columns (what stands above and below). */
export type Lines = 'rows' | 'columns';

/** A grid as the batch of its lines: [B,R,Q,C] → [B·R,Q,C], or of its columns [B·Q,R,C]. */
export function linesOf(x: Tensor, lines: Lines): Tensor {
  const [batch, rows, length, width] = facing(x, lines).shape as [Dim, Dim, Dim, Dim];
  return facing(x, lines).reshape([multiplyDims(batch, rows), length, width]);
}

/** The lines put together again to a grid of the first one's sizes. */
export function gridOf(y: Tensor, x: Tensor, lines: Lines): Tensor {
  const [batch, rows, length] = facing(x, lines).shape as [Dim, Dim, Dim];
  return facing(y.reshape([batch, rows, length, y.shape[2] as Dim]), lines);
}

/** [B,R,Q,…] with the lines in the place of rows; done twice, as it was. */
export function facing(x: Tensor, lines: Lines): Tensor {
  return lines === 'rows' ? x : x.transpose([0, 2, 1, ...x.shape.slice(3).map((_, i) => i + 3)]);
}

/** @throws shape: a grid that is not [B,R,Q,C], or not square where it must be; dtype, shape: a mask that is not its [B,R,Q] bool */
export function checkGrid(where: string, x: Tensor, mask: Tensor | undefined, options: { readonly square?: boolean } = {}): void {
  const refuse = (code: 'shape' | 'dtype', rule: string, got: Tensor): Error => fail(code, { where, rule, got: formatSpec(got) });
  if (x.rank !== 4) throw refuse('shape', 'a grid of four axes, [batch,rows,columns,width]', x);
  if (options.square && !equalDims(x.shape[1] as Dim, x.shape[2] as Dim)) throw refuse('shape', 'a square of pairs, [B,R,R,Z]', x);
  if (mask === undefined) return;
  if (mask.dtype !== 'bool') throw refuse('dtype', 'a boolean mask, true where the grid holds something', mask);
  if (!equalShapes(mask.shape, x.shape.slice(0, 3)))
    throw refuse('shape', `a mask [${x.shape.slice(0, 3)}], one for each place of the grid`, mask);
}
