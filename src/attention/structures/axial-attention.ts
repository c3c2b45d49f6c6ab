import { type Dim, multiplyDims } from '../../core/index.js';
import { child, type FormDeclaration, Module } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import { MultiHeadAttention, type MultiHeadAttentionOptions } from '../multi-head-attention.js';
import { checkGrid, facing, gridOf, type Lines, linesOf } from './grid.js';

export interface AxialAttentionOptions extends MultiHeadAttentionOptions {
  /** `rows`: a place attends to its row; `columns`: to its column. */
  readonly along: Lines;
}

/** What a call is told, besides x. */
export interface AxialAttentionInputs {
  /** [B,R,Q] bool, true where the grid holds something; the rest is not attended to. */
  readonly mask?: Tensor | undefined;
  /** Added to the scores of every line alike: [B,H,T,T] or [1,H,T,T], T the length of a line. */
  readonly bias?: Tensor | undefined;
}

/**
 * Axial attention (Ho et al. 2019, "Axial Attention in Multidimensional Transformers", section 3): attention along one axis
 * of a grid, every line a sequence of its own. Rows and then columns let every place see every other in two steps, at
 * R·Q·(R + Q) pairs instead of (R·Q)². Causal lines, windows and the rest are the form's (`attention`).
 * Sites under `attention`, with the lines as batch: `attention.pattern` [B·R,H,Q,Q].
 * @example const rows = new AxialAttention({ width: 64, heads: 4, along: 'rows' });
 */
export class AxialAttention extends Module {
  readonly attention: MultiHeadAttention;
  readonly along: Lines;

  constructor({ along, ...options }: AxialAttentionOptions) {
    super();
    this.attention = child('attention', () => new MultiHeadAttention(options));
    this.along = along;
  }

  /** @param x [B,R,Q,C] @returns [B,R,Q,C] @throws shape, dtype: a grid or a mask of another form */
  forward(x: Tensor, { mask, bias }: AxialAttentionInputs = {}): Tensor {
    checkGrid('axial attention', x, mask);
    const [batch, count, length] = facing(x, this.along).shape as [Dim, Dim, Dim];
    const lines = multiplyDims(batch, count);
    const present = mask && facing(mask, this.along).reshape([lines, 1, 1, length]);
    const y = this.attention.forward(linesOf(x, this.along), { mask: present, bias: bias && forEachLine(bias, batch, count) });
    return gridOf(y, x, this.along);
  }
}

/** [B,H,T,T] → [B·lines,H,T,T]; one that is the same for the whole batch broadcasts by itself. */
function forEachLine(bias: Tensor, batch: Dim, count: Dim): Tensor {
  if (bias.rank < 4 || bias.shape[0] === 1) return bias;
  const [, ...rest] = bias.shape as [Dim, Dim, Dim, Dim];
  return bias
    .reshape([batch, 1, ...rest])
    .expand([batch, count, ...rest])
    .reshape([multiplyDims(batch, count), ...rest]);
}

export const axialForm: FormDeclaration = {
  name: 'AxialAttention',
  formula: 'attention within each row, or each column, of a grid',
  paper: 'Ho et al. 2019, section 3',
  time: 'R·Q²·D (rows)',
  memory: 'R·Q²',
  exact: true,
  causal: 'mask',
  cacheable: false,
  use: 'Images, alignments, tables: grids too large for attention over all places.',
  file: 'src/attention/structures/axial-attention.ts',
};
