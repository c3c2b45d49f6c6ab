import type { Dim } from '../../core/index.js';
import { type FormDeclaration, Module, ones, zeros } from '../../nn/index.js';
import { linear, Parameter, parameterTensor, sigmoid, type Tensor, tap } from '../../ops/index.js';

export interface SigmoidGateOptions {
  /** C, of what the layer reads. */
  readonly width: number;
  readonly heads: number;
  /** Width of a head's values, D'. */
  readonly headWidth: number;
  /** One number for each number of a head, or one for each head; `element` by default. */
  readonly per?: 'element' | 'head';
}

/**
 * Gated attention: o = σ(x W_g + b_g) ∘ o, head by head, before the output projection (Jumper et al. 2021, AlphaFold 2,
 * supplement, algorithm 7, lines 4 and 7; for language models Qiu et al. 2025, "Gated Attention", their position G1,
 * element-wise or head-wise). A head can so pass nothing on, without having to attend to a token that says nothing.
 *
 * Starts nearly open, as AlphaFold's does: W_g zero, b_g one. To be given to `MultiHeadAttention` as its `gate`.
 * Taps `values`, the gate's own: [B,T,H,D'], or [B,T,H,1] per head.
 * @example new MultiHeadAttention({ width: 64, heads: 4, gate: new SigmoidGate({ width: 64, heads: 4, headWidth: 16 }) })
 */
export class SigmoidGate extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly heads: number;

  constructor({ width, heads, headWidth, per = 'element' }: SigmoidGateOptions) {
    super();
    const numbers = per === 'head' ? heads : heads * headWidth;
    this.weight = new Parameter([width, numbers], zeros);
    this.bias = new Parameter([numbers], ones);
    this.heads = heads;
  }

  /** @param mixed [B,T,H,D'] @param x [B,T,C] @returns [B,T,H,D'] @throws shape: other heads or widths */
  forward(mixed: Tensor, x: Tensor): Tensor {
    const open = sigmoid(linear(x, parameterTensor(this.weight), { bias: parameterTensor(this.bias) }));
    const [batch, length, numbers] = open.shape as [Dim, Dim, number];
    return mixed.mul(tap('values', open.reshape([batch, length, this.heads, numbers / this.heads])));
  }
}

export const sigmoidGateForm: FormDeclaration = {
  name: 'SigmoidGate',
  formula: 'o_i = σ(x_i W_g + b_g) ∘ Σ_j w_ij v_j',
  paper: 'Jumper et al. 2021, supplement, algorithm 7; Qiu et al. 2025 (G1)',
  time: 'T·C·H·D',
  memory: 'T·H·D',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Heads that may pass nothing on: no attention sinks, and steadier training.',
  file: 'src/attention/structures/sigmoid-gate.ts',
};
