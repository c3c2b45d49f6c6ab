import { child, type FormDeclaration, LayerNorm, Module } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import { AxialAttention } from './axial-attention.js';
import { gatedLines } from './pair-bias-attention.js';

/**
 * Column-wise gated attention (Jumper et al. 2021, AlphaFold 2, supplement, algorithm 8): each residue's column of the
 * alignment is a sequence: w_sti = softmax_t(q_si·k_ti / √D), o_si = g_si ∘ Σ_t w_sti v_ti, m̃_si = o_si W_o + b_o.
 * The residual sum is the caller's. Sites under `columns.attention`, their batch B·R.
 */
export class ColumnAttention extends Module {
  readonly norm: LayerNorm;
  readonly columns: AxialAttention;

  constructor({ width, heads, headWidth }: { readonly width: number; readonly heads: number; readonly headWidth: number }) {
    super();
    this.norm = new LayerNorm(width);
    this.columns = child('columns', () => new AxialAttention(gatedLines('columns', width, heads, headWidth)));
  }

  /** @param alignment [B,A,R,C] @param mask [B,A,R] bool, true where it holds a residue @returns [B,A,R,C] */
  forward(alignment: Tensor, mask?: Tensor): Tensor {
    return this.columns.forward(this.norm.forward(alignment), { mask });
  }
}

export const columnForm: FormDeclaration = {
  name: 'ColumnAttention',
  formula: 'w_sti = softmax_t(q_si·k_ti / √D), o_si = g_si ∘ Σ_t w_sti v_ti',
  paper: 'Jumper et al. 2021 (AlphaFold 2), supplement, algorithm 8',
  time: 'A²·R·D',
  memory: 'A²·R',
  exact: true,
  causal: 'no',
  cacheable: false,
  use: 'Sequences of an alignment that tell each other what stands at the same residue.',
  file: 'src/attention/structures/column-attention.ts',
};
