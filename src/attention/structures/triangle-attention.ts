import { child, type FormDeclaration, LayerNorm, Linear, Module } from '../../nn/index.js';
import { type Tensor, tap } from '../../ops/index.js';
import { AxialAttention } from './axial-attention.js';
import { checkGrid } from './grid.js';
import { gatedLines } from './pair-bias-attention.js';

export interface TriangleAttentionOptions {
  /** Z, of a pair. */
  readonly pairWidth: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Which node the edges share that attend to each other. */
  readonly node: 'starting' | 'ending';
}

/**
 * Triangle self-attention (Jumper et al. 2021, AlphaFold 2, supplement, algorithms 13 and 14): the edge ij attends to the
 * edges that share a node with it, biased by the third edge of the triangle:
 *
 * around the starting node: w_ijk = softmax_k(q_ij·k_ik / √D + b_jk), o_ij = g_ij ∘ Σ_k w_ijk v_ik;
 * around the ending node: w_ijk = softmax_k(q_ij·k_kj / √D + b_ki), o_ij = g_ij ∘ Σ_k w_ijk v_kj.
 *
 * z̃_ij = o_ij W_o + b_o; the residual sum is the caller's. Their c_z, c are our Z, D. Taps `bias` [B,H,R,R], what is added to
 * the scores of each line, and the sites under `lines.attention`, their batch B·R.
 */
export class TriangleAttention extends Module {
  readonly norm: LayerNorm;
  readonly pairBias: Linear;
  readonly lines: AxialAttention;
  readonly node: 'starting' | 'ending';

  constructor({ pairWidth, heads, headWidth, node }: TriangleAttentionOptions) {
    super();
    this.norm = new LayerNorm(pairWidth);
    this.pairBias = new Linear(pairWidth, heads, { bias: false });
    const along = node === 'starting' ? 'rows' : 'columns';
    this.lines = child('lines', () => new AxialAttention(gatedLines(along, pairWidth, heads, headWidth)));
    this.node = node;
  }

  /**
   * @param pairs [B,R,R,Z] @param mask [B,R,R] bool, true where there is a pair @returns [B,R,R,Z]
   * @throws shape: pairs that are not square; shape, dtype: a mask of another form
   */
  forward(pairs: Tensor, mask?: Tensor): Tensor {
    checkGrid('triangle attention', pairs, mask, { square: true });
    const z = this.norm.forward(pairs);
    // A line's query and key are (j, k) around the starting node, (i, k) around the ending one, whose bias is b_ki.
    const order = this.node === 'starting' ? [0, 3, 1, 2] : [0, 3, 2, 1];
    return this.lines.forward(z, { mask, bias: tap('bias', this.pairBias.forward(z).transpose(order)) });
  }
}

export const triangleAttentionForm: FormDeclaration = {
  name: 'TriangleAttention',
  formula: 'w_ijk = softmax_k(q_ij·k_ik / √D + b_jk) (starting node); softmax_k(q_ij·k_kj / √D + b_ki) (ending node)',
  paper: 'Jumper et al. 2021 (AlphaFold 2), supplement, algorithms 13 and 14',
  time: 'R³·D',
  memory: 'R³',
  exact: true,
  causal: 'no',
  cacheable: false,
  use: 'Relations of pairs that must agree around triangles: distances, contacts, graphs.',
  file: 'src/attention/structures/triangle-attention.ts',
};
