import { type Dim, equalDims, fail } from '../../core/index.js';
import { child, type FormDeclaration, LayerNorm, Linear, Module } from '../../nn/index.js';
import { formatSpec, type Tensor, tap } from '../../ops/index.js';
import { AxialAttention } from './axial-attention.js';
import { SigmoidGate } from './sigmoid-gate.js';

export interface PairBiasAttentionOptions {
  /** C, of an alignment's places. */
  readonly width: number;
  /** Z, of a pair. */
  readonly pairWidth: number;
  readonly heads: number;
  /** Width of a head, D. */
  readonly headWidth: number;
}

/**
 * Row-wise gated attention with pair bias (Jumper et al. 2021, AlphaFold 2, supplement, algorithm 7): the residues of each
 * row attend to each other, and what is known of a pair of residues is added to its score:
 *
 * w_sij = softmax_j(q_si·k_sj / √D + b_ij), b_ij = LayerNorm(z_ij) W_b, o_si = g_si ∘ Σ_j w_sij v_sj, m̃_si = o_si W_o + b_o.
 *
 * Their c_m, c_z, c, N_head are our C, Z, D, H; s, i, j run over A, R, R. The residual sum is the caller's. Taps `bias`
 * [B,H,R,R], and the sites of the rows under `rows.attention`, their batch B·A.
 */
export class PairBiasAttention extends Module {
  readonly norm: LayerNorm;
  readonly pairNorm: LayerNorm;
  readonly pairBias: Linear;
  readonly rows: AxialAttention;

  constructor({ width, pairWidth, heads, headWidth }: PairBiasAttentionOptions) {
    super();
    this.norm = new LayerNorm(width);
    this.pairNorm = new LayerNorm(pairWidth);
    this.pairBias = new Linear(pairWidth, heads, { bias: false });
    this.rows = child('rows', () => new AxialAttention(gatedLines('rows', width, heads, headWidth)));
  }

  /**
   * @param alignment [B,A,R,C] @param pairs [B,R,R,Z] @param mask [B,A,R] bool, true where the alignment holds a residue
   * @returns [B,A,R,C]
   * @throws shape, dtype: pairs of other residues, grids or masks of another form
   */
  forward(alignment: Tensor, pairs: Tensor, mask?: Tensor): Tensor {
    const residues = alignment.shape[2] as Dim;
    if (pairs.rank !== 4 || !equalDims(pairs.shape[1] as Dim, residues) || !equalDims(pairs.shape[2] as Dim, residues)) {
      const rule = `pairs [B,${residues},${residues},Z], of the alignment's ${residues} residues`;
      throw fail('shape', { where: 'pair bias', rule, got: formatSpec(pairs) });
    }
    const bias = tap('bias', this.pairBias.forward(this.pairNorm.forward(pairs)).transpose([0, 3, 1, 2])); // [B,H,R,R]
    return this.rows.forward(this.norm.forward(alignment), { mask, bias });
  }
}

/** AlphaFold's attention along lines: no biases but the output's and the gate's. */
export function gatedLines<L extends 'rows' | 'columns'>(along: L, width: number, heads: number, headWidth: number) {
  return { along, width, heads, headWidth, bias: false, outputBias: true, gate: new SigmoidGate({ width, heads, headWidth }) } as const;
}

export const pairBiasForm: FormDeclaration = {
  name: 'PairBiasAttention',
  formula: 'w_sij = softmax_j(q_si·k_sj / √D + b_ij), b_ij = LayerNorm(z_ij) W_b',
  paper: 'Jumper et al. 2021 (AlphaFold 2), supplement, algorithm 7',
  time: 'A·R²·D',
  memory: 'A·R²',
  exact: true,
  causal: 'no',
  cacheable: false,
  use: 'Rows of an alignment (or any sequence) that attend by what is known of each pair.',
  file: 'src/attention/structures/pair-bias-attention.ts',
};
