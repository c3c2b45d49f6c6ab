import type { AttentionForm } from '../../../attention/index.js';
import { type LanguageModel, TransformerEncoder } from '../../../models/index.js';
import { child, Embedding, Module, normal } from '../../../nn/index.js';
import { type Tensor, tap } from '../../../ops/index.js';
import { SinusoidalPositions } from '../../../position/index.js';

export interface FormLanguageModelConfig {
  readonly vocabulary: number;
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Units of the MLPs. */
  readonly hidden: number;
  readonly seed: number;
  /** The attention of each layer; it must be causal by itself. */
  readonly attention: () => AttentionForm;
}

/**
 * A Transformer language model around any causal form of attention, the same for all of them: token embeddings and sinusoidal
 * positions, pre-norm blocks, a head of its own.
 */
export class FormLanguageModel extends Module implements LanguageModel {
  readonly vocabulary: number;
  readonly context: number;
  readonly tokens: Embedding;
  readonly positions: SinusoidalPositions;
  readonly decoder: TransformerEncoder;
  readonly head: Embedding;

  /** @throws as `TransformerEncoder` */
  constructor({ vocabulary, context, layers, heads, width, hidden, seed, attention }: FormLanguageModelConfig) {
    super();
    this.seed = seed;
    this.vocabulary = vocabulary;
    this.context = context;
    // Of the size that positions have: sines and cosines.
    this.tokens = new Embedding(vocabulary, width, normal(0.7));
    this.positions = child('positions', () => new SinusoidalPositions(width));
    const options = { layers, heads, width, hidden, norm: 'pre', activation: 'gelu_new', attention } as const;
    this.decoder = child('decoder', () => new TransformerEncoder(options));
    this.head = new Embedding(vocabulary, width);
  }

  /** @param ids [B,T] int32 @returns logits [B,T,V] */
  forward(ids: Tensor): Tensor {
    const x = this.tokens.forward(ids);
    return tap('logits', this.head.scores(this.decoder.forward(x.add(this.positions.forward(x)))));
  }
}
