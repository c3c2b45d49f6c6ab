import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { concat, type Tensor } from '../../ops/index.js';
import type { AttentionParts } from '../attend.js';
import { blockOf, withinBlock } from '../masks/blocks.js';
import { wholeNumber } from '../masks/whole-number.js';
import type { Mask } from '../parts.js';
import type { Layout } from './layouts.js';
import { overReaches, type ReachInputs } from './reaches.js';
import { SparseForm } from './sparse-form.js';

export interface GridWindowsOptions extends AttentionParts {
  /** Rows and columns of the picture, read row by row: position = y · columns + x. */
  readonly grid: readonly [number, number];
  /** Side of a window, M; divides rows and columns. */
  readonly window: number;
  /** How far the windows are moved, below M; 0 by default, ⌊M/2⌋ in every second layer of the paper. */
  readonly shift?: number | undefined;
}

/**
 * Attention within square windows of a picture, moved by `shift` (Liu et al. 2021, Swin, section 3.2, "W-MSA" and "SW-MSA"):
 * the windows become the batch by a reshape. Moved windows are had by rolling the picture round; a window that then holds
 * parts which were no neighbours keeps them apart by a mask, as in the paper's figure 4. T·M² pairs instead of T².
 *
 * The full matrix is never formed: no sites `scores` and `pattern`. `materialised()` is the same function with them.
 * @example new GridWindowAttention({ grid: [56, 56], window: 7, shift: 3 })
 */
export class GridWindowAttention extends SparseForm {
  readonly grid: readonly [number, number];
  readonly window: number;
  readonly shift: number;

  /** @throws value: sizes below 1, a shift that is not below the window; shape: a window that does not divide the grid */
  constructor({ grid, window, shift = 0, ...parts }: GridWindowsOptions) {
    super(parts);
    const where = 'grid window attention';
    const [rows, columns] = grid;
    wholeNumber(where, 'number of rows', rows, 1);
    wholeNumber(where, 'number of columns', columns, 1);
    this.window = wholeNumber(where, 'window', window, 1);
    this.shift = wholeNumber(where, 'shift', shift, 0);
    if (shift > 0 && shift >= window) throw fail('value', { where, rule: `a shift below the window, ${window}`, got: String(shift) });
    if (rows % window !== 0 || columns % window !== 0) {
      const fix = 'Pad the picture, or choose a common divisor';
      throw fail('shape', { where, rule: 'a window that divides rows and columns', got: `${window} for ${rows} × ${columns}`, fix });
    }
    this.grid = [rows, columns];
  }

  get pairs(): Mask {
    const { window, shift } = this;
    const [, columns] = this.grid;
    const start = shift === 0 ? 0 : window - shift;
    const row = (p: Tensor): Tensor => blockOf(blockOf(p, columns).add(start), window);
    const column = (p: Tensor): Tensor => blockOf(withinBlock(p, columns).add(start), window);
    return ({ query, key }) =>
      row(query)
        .equal(row(key))
        .logicalAnd(column(query).equal(column(key)));
  }

  protected among(tensors: readonly [Tensor, Tensor, Tensor], inputs: ReachInputs): Tensor {
    const [rows, columns] = this.grid;
    const length = tensors[0].shape[2];
    if (length !== rows * columns) {
      const rule = `${rows * columns} tokens, those of a picture of ${rows} × ${columns}`;
      throw fail('shape', { where: 'grid window attention', rule, got: String(length) });
    }
    const layout = windows(this.grid, this.window, this.shift);
    return overReaches(this.parts, tensors, [{ layout, allows: this.shift === 0 ? undefined : this.pairs }], inputs);
  }
}

/** [B,H,R·Q,D] ↔ [B·windows,H,M²,D], the picture rolled up and to the left before. */
function windows([rows, columns]: readonly [number, number], side: number, shift: number): Layout {
  const [down, across] = [rows / side, columns / side];
  const apart = (x: Tensor): Tensor => {
    const [batch, heads, , size] = x.shape as [number, number, number, number];
    const picture = rolled(rolled(x.reshape([batch, heads, rows, columns, size]), 2, shift), 3, shift);
    const cut = picture.reshape([batch, heads, down, side, across, side, size]).transpose([0, 2, 4, 1, 3, 5, 6]);
    return cut.reshape([batch * down * across, heads, side * side, size]);
  };
  return {
    queries: apart,
    keys: apart,
    restore(x) {
      const [count, heads, , size] = x.shape as [number, number, number, number];
      const batch = count / (down * across);
      const cut = x.reshape([batch, down, across, heads, side, side, size]).transpose([0, 3, 1, 4, 2, 5, 6]);
      const picture = cut.reshape([batch, heads, rows, columns, size]);
      return rolled(rolled(picture, 2, rows - shift), 3, columns - shift).reshape([batch, heads, rows * columns, size]);
    },
  };
}

/** What stands at `by` comes first, what stood before it last. */
function rolled(x: Tensor, axis: number, by: number): Tensor {
  const size = x.shape[axis] as number;
  if (by % size === 0) return x;
  const from = (start: number, stop: number): Tensor => x.slice([...new Array<null>(axis).fill(null), [start, stop]]);
  return concat([from(by, size), from(0, by)], axis);
}

export const gridWindowsForm: FormDeclaration = {
  name: 'GridWindowAttention',
  formula: '⌊(y_i + M − s)/M⌋ = ⌊(y_j + M − s)/M⌋, and so for x',
  paper: 'Liu et al. 2021 (Swin), section 3.2',
  time: 'T·M²·D',
  memory: 'T·M²',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Large pictures: windows, and in every second layer shifted ones. `materialised()` shows the pattern.',
  file: 'src/attention/long/grid-windows.ts',
};
