import type { Dim } from '../../core/index.js';
import { type FormDeclaration, LayerNorm, Linear, Module } from '../../nn/index.js';
import { silu, type Tensor, tap } from '../../ops/index.js';

export interface RetentionGateOptions {
  /** C, of the layer's x. */
  readonly width: number;
  readonly heads: number;
  /** Width of a head's values, D'; width/heads by default. */
  readonly valueWidth?: number;
}

/**
 * What RetNet does to what its heads gathered (Sun et al. 2023, eq. 8): swish(x W_G) ∘ GroupNorm(heads), each head
 * normalised by itself, with a scale and shift of each channel of a head, the same for all heads. It makes the size of retention's weights irrelevant.
 * A gate: give it to a `MultiHeadAttention`. Taps `gate` [B,T,H,D'].
 */
export class RetentionGate extends Module {
  readonly gate: Linear;
  readonly norm: LayerNorm;
  readonly heads: number;
  readonly valueWidth: number;

  constructor({ width, heads, valueWidth = width / heads }: RetentionGateOptions) {
    super();
    this.gate = new Linear(width, heads * valueWidth, { bias: false });
    this.norm = new LayerNorm(valueWidth);
    this.heads = heads;
    this.valueWidth = valueWidth;
  }

  /** @param mixed [B,T,H,D'] @param x [B,T,C] @returns [B,T,H,D'] */
  forward(mixed: Tensor, x: Tensor): Tensor {
    const [batch, length] = x.shape as [Dim, Dim];
    const open = tap('gate', silu(this.gate.forward(x)).reshape([batch, length, this.heads, this.valueWidth]));
    return this.norm.forward(mixed).mul(open);
  }
}

export const retentionGateForm: FormDeclaration = {
  name: 'RetentionGate',
  formula: 'swish(x W_G) ∘ norm(head_h)',
  paper: 'Sun et al. 2023 (RetNet), eq. 8',
  time: 'T·C²',
  memory: 'T·C',
  exact: true,
  causal: 'yes',
  cacheable: true,
  use: 'The gate of retention, whose weights have no size of their own.',
  file: 'src/attention/retention/retention-gate.ts',
};
