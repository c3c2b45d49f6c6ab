import { type FormDeclaration, LayerNorm, Linear, Module } from '../../nn/index.js';
import { einsum, sigmoid, type Tensor, tap } from '../../ops/index.js';
import { checkGrid } from './grid.js';

export interface TriangleMultiplicationOptions {
  /** Z, of a pair. */
  readonly pairWidth: number;
  /** Width of what is multiplied, c; Z by default. */
  readonly hidden?: number;
  /** Which edges of a triangle are multiplied: those that leave i and j, or those that arrive there. */
  readonly edges: 'outgoing' | 'incoming';
}

/**
 * Triangle multiplicative update (Jumper et al. 2021, AlphaFold 2, supplement, algorithms 11 and 12): an edge learns from the
 * other two of every triangle it is part of, without attention's softmax:
 *
 * a, b = σ(z W_ga + …) ∘ (z W_a + …), g_ij = σ(z_ij W_g + …), with z normalised;
 * outgoing: z̃_ij = g_ij ∘ (LayerNorm(Σ_k a_ik ∘ b_jk) W_o + …); incoming: Σ_k a_ki ∘ b_kj.
 *
 * The residual sum is the caller's. Their c_z, c are our Z, `hidden`. Taps `left` and `right` [B,R,R,c], `product` [B,R,R,c]
 * before its norm, and `output` [B,R,R,Z].
 */
export class TriangleMultiplication extends Module {
  readonly norm: LayerNorm;
  readonly left: Linear;
  readonly leftGate: Linear;
  readonly right: Linear;
  readonly rightGate: Linear;
  readonly productNorm: LayerNorm;
  readonly output: Linear;
  readonly gate: Linear;
  readonly edges: 'outgoing' | 'incoming';

  constructor({ pairWidth, hidden = pairWidth, edges }: TriangleMultiplicationOptions) {
    super();
    this.norm = new LayerNorm(pairWidth);
    this.left = new Linear(pairWidth, hidden);
    this.leftGate = new Linear(pairWidth, hidden);
    this.right = new Linear(pairWidth, hidden);
    this.rightGate = new Linear(pairWidth, hidden);
    this.productNorm = new LayerNorm(hidden);
    this.output = new Linear(hidden, pairWidth);
    this.gate = new Linear(pairWidth, pairWidth);
    this.edges = edges;
  }

  /**
   * @param pairs [B,R,R,Z] @param mask [B,R,R] bool, true where there is a pair; others add nothing @returns [B,R,R,Z]
   * @throws shape: pairs that are not square; shape, dtype: a mask of another form
   */
  forward(pairs: Tensor, mask?: Tensor): Tensor {
    checkGrid('triangle multiplication', pairs, mask, { square: true });
    const z = this.norm.forward(pairs);
    const present = mask?.cast('float32').unsqueeze(3);
    const edge = (value: Linear, gate: Linear): Tensor => {
      const open = sigmoid(gate.forward(z)).mul(value.forward(z));
      return present === undefined ? open : open.mul(present);
    };
    const left = tap('left', edge(this.left, this.leftGate));
    const right = tap('right', edge(this.right, this.rightGate));
    const triangles = this.edges === 'outgoing' ? 'bikc,bjkc->bijc' : 'bkic,bkjc->bijc';
    const product = tap('product', einsum(triangles, left, right));
    return tap('output', sigmoid(this.gate.forward(z)).mul(this.output.forward(this.productNorm.forward(product))));
  }
}

export const triangleMultiplicationForm: FormDeclaration = {
  name: 'TriangleMultiplication',
  formula: 'z̃_ij = g_ij ∘ LayerNorm(Σ_k a_ik ∘ b_jk) W_o (outgoing); Σ_k a_ki ∘ b_kj (incoming)',
  paper: 'Jumper et al. 2021 (AlphaFold 2), supplement, algorithms 11 and 12',
  time: 'R³·c',
  memory: 'R²·c',
  exact: true,
  causal: 'no',
  cacheable: false,
  use: 'What triangle attention does, cheaper: no R³ pattern is held.',
  file: 'src/attention/structures/triangle-multiplication.ts',
};
