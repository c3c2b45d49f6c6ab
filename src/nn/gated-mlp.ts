import { dropout, type Initializer, type Tensor, tap } from '../ops/index.js';
import { type ActivationName, activation } from './activations.js';
import { Linear } from './linear.js';
import { Module } from './module.js';

/** The gated linear units by the names of Shazeer 2020 (eq. 2, 4 and 5), and the activation of the gate that makes each. */
export const gatedUnits = {
  GLU: 'sigmoid',
  Bilinear: 'linear',
  ReGLU: 'relu',
  GEGLU: 'gelu',
  SwiGLU: 'silu',
} as const satisfies Readonly<Record<string, ActivationName>>;

export interface GatedMlpOptions {
  readonly width: number;
  readonly hidden: number;
  /** Of the gate: `silu` makes SwiGLU; `gatedUnits` has the others. */
  readonly activation: ActivationName;
  readonly bias?: boolean;
  readonly dropout?: number;
  /** How the projection back starts. */
  readonly outputInitializer?: Initializer;
}

/**
 * The gated position-wise network: y = (f(x W_g) ∘ x W_u) W_d (Shazeer 2020, "GLU Variants Improve Transformer", eq. 6;
 * their W, V, W₂ are our gate, up, down). A unit of the family is its activation: `gatedUnits`.
 * @example new GatedMlp({ width: 512, hidden: 1376, activation: gatedUnits.GEGLU })
 */
export class GatedMlp extends Module {
  readonly gate: Linear;
  readonly up: Linear;
  readonly down: Linear;
  readonly activation: ActivationName;
  readonly dropout: number;

  constructor({ width, hidden, bias = false, ...options }: GatedMlpOptions) {
    super();
    this.gate = new Linear(width, hidden, { bias });
    this.up = new Linear(width, hidden, { bias });
    this.down = new Linear(hidden, width, { bias, ...(options.outputInitializer && { initializer: options.outputInitializer }) });
    this.activation = options.activation;
    this.dropout = options.dropout ?? 0;
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor): Tensor {
    const pre = tap('pre', this.gate.forward(x)); // [B,T,F]
    const post = tap('post', activation(this.activation)(pre).mul(this.up.forward(x))); // [B,T,F]
    return tap('output', dropout(this.down.forward(post), this.dropout)); // [B,T,C]
  }
}
