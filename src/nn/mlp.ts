import { dropout, type Initializer, type Tensor, tap } from '../ops/index.js';
import { type ActivationName, activation } from './activations.js';
import { Linear } from './linear.js';
import { Module } from './module.js';

export interface MlpOptions {
  readonly width: number;
  /** Hidden width; 4 · width by default. */
  readonly hidden?: number;
  readonly activation: ActivationName;
  readonly bias?: boolean;
  readonly dropout?: number;
  /** How the first projection starts; `Linear`'s way by default. */
  readonly initializer?: Initializer | undefined;
  /** How the second projection starts. */
  readonly outputInitializer?: Initializer | undefined;
}

/** The position-wise network of a Transformer block: y = f(x W₁ + b₁) W₂ + b₂ (Vaswani et al. 2017, eq. 2, with activation f). */
export class Mlp extends Module {
  readonly up: Linear;
  readonly down: Linear;
  readonly activation: ActivationName;
  readonly dropout: number;

  constructor({ width, hidden = 4 * width, bias = true, ...options }: MlpOptions) {
    super();
    this.up = new Linear(width, hidden, { bias, initializer: options.initializer });
    this.down = new Linear(hidden, width, { bias, initializer: options.outputInitializer });
    this.activation = options.activation;
    this.dropout = options.dropout ?? 0;
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor): Tensor {
    const pre = tap('pre', this.up.forward(x)); // [B,T,F]
    const post = tap('post', activation(this.activation)(pre)); // [B,T,F]
    return tap('output', dropout(this.down.forward(post), this.dropout)); // [B,T,C]
  }
}
