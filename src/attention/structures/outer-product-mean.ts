import type { Dim } from '../../core/index.js';
import { type FormDeclaration, LayerNorm, Linear, Module } from '../../nn/index.js';
import { einsum, type Tensor, tap } from '../../ops/index.js';
import { checkGrid } from './grid.js';

export interface OuterProductMeanOptions {
  /** C, of an alignment's places. */
  readonly width: number;
  /** Z, of a pair. */
  readonly pairWidth: number;
  /** Width of the two factors, c; 32 in the paper. */
  readonly hidden?: number;
}

/**
 * Outer-product mean (Jumper et al. 2021, AlphaFold 2, supplement, algorithm 10): what an alignment says of each pair of
 * residues: z_ij = flatten(mean_s(a_si ⊗ b_sj)) W_o + b_o, with a, b = LayerNorm(m) W + …. The mean is over the rows that hold
 * both residues; where none does it is zero. Their c_m, c_z are our C, Z; s runs over A.
 * Taps `left` and `right` [B,A,R,c], `mean` [B,R,R,c²], `output` [B,R,R,Z].
 */
export class OuterProductMean extends Module {
  readonly norm: LayerNorm;
  readonly left: Linear;
  readonly right: Linear;
  readonly output: Linear;

  constructor({ width, pairWidth, hidden = 32 }: OuterProductMeanOptions) {
    super();
    this.norm = new LayerNorm(width);
    this.left = new Linear(width, hidden);
    this.right = new Linear(width, hidden);
    this.output = new Linear(hidden * hidden, pairWidth);
  }

  /**
   * @param alignment [B,A,R,C] @param mask [B,A,R] bool, true where it holds a residue @returns [B,R,R,Z]
   * @throws shape, dtype: a grid or a mask of another form
   */
  forward(alignment: Tensor, mask?: Tensor): Tensor {
    checkGrid('outer-product mean', alignment, mask);
    const [batch, count, residues] = alignment.shape as [Dim, number, Dim];
    const m = this.norm.forward(alignment);
    const present = mask?.cast('float32');
    const factor = (x: Tensor): Tensor => (present === undefined ? x : x.mul(present.unsqueeze(3)));
    const left = tap('left', factor(this.left.forward(m)));
    const right = tap('right', factor(this.right.forward(m)));
    const sums = einsum('bsic,bsjd->bijcd', left, right).reshape([batch, residues, residues, this.output.weight.shape[0] as number]);
    const rows = present && einsum('bsi,bsj->bij', present, present).maximum(1).unsqueeze(3);
    const mean = tap('mean', rows === undefined ? sums.mul(1 / count) : sums.div(rows));
    return tap('output', this.output.forward(mean));
  }
}

export const outerProductMeanForm: FormDeclaration = {
  name: 'OuterProductMean',
  formula: 'z_ij = flatten(mean_s(a_si ⊗ b_sj)) W_o + b_o',
  paper: 'Jumper et al. 2021 (AlphaFold 2), supplement, algorithm 10',
  time: 'A·R²·c²',
  memory: 'R²·c²',
  exact: true,
  causal: 'no',
  cacheable: false,
  use: 'Pairs learned from what varies together over a set of sequences.',
  file: 'src/attention/structures/outer-product-mean.ts',
};
