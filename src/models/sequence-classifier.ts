import type { Dim } from '../core/index.js';
import { Linear, Module } from '../nn/index.js';
import { type Tensor, tap } from '../ops/index.js';
import type { LanguageModel } from './language-model.js';
import { checkSizes } from './sizes.js';

/** Tokens to features: `RecurrentEncoder`, `ConvolutionalEncoder`, or one of a user's own. */
export interface TokenEncoder extends Module {
  readonly vocabulary: number;
  readonly context: number;
  /** Of the features, H. */
  readonly width: number;
  /** @param ids [B,T] int32 @returns outputs [B,T,H] */
  forward(ids: Tensor): { readonly outputs: Tensor };
}

export interface SequenceClassifierOptions {
  readonly classes: number;
  /** What stands for a row: the mean of its features, by default, or the last, which has read all in one direction. */
  readonly pooling?: 'mean' | 'last';
}

/**
 * A classifier of token sequences as `train` knows models: a row has one target, its class (`targetsPerRow: 1` of the data,
 * and `inputRange` the tokens there are). Taps `pooled` [B,H] and `logits` [B,1,V].
 * @example new SequenceClassifier(new RecurrentEncoder({ cell: 'gru', bidirectional: true, … }), { classes: 10 })
 */
export class SequenceClassifier extends Module implements LanguageModel {
  readonly encoder: TokenEncoder;
  readonly head: Linear;
  readonly pooling: 'mean' | 'last';

  /** @throws value: classes that are not a whole number from 1 */
  constructor(encoder: TokenEncoder, { classes, pooling = 'mean' }: SequenceClassifierOptions) {
    super();
    checkSizes('SequenceClassifier', { classes });
    this.encoder = encoder;
    this.head = new Linear(encoder.width, classes);
    this.pooling = pooling;
    this.seed = encoder.seed;
  }

  /** Classes. */
  get vocabulary(): number {
    return this.head.weight.shape[1] as number;
  }

  get context(): number {
    return this.encoder.context;
  }

  /** @param ids [B,T] int32 @returns logits [B,1,V] */
  forward(ids: Tensor): Tensor {
    const { outputs } = this.encoder.forward(ids);
    const [batch, , width] = outputs.shape as [Dim, Dim, Dim];
    const chosen = this.pooling === 'mean' ? outputs.mean({ axis: 1 }) : outputs.slice([null, [-1]]).reshape([batch, width]);
    return tap('logits', this.head.forward(tap('pooled', chosen)).reshape([batch, 1, this.vocabulary]));
  }
}
