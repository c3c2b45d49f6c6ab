import type { LanguageModel } from '../../../models/index.js';
import { child, children, Embedding, LayerNorm, Mlp, Module, normal, xavierUniform } from '../../../nn/index.js';
import { type Tensor, tap } from '../../../ops/index.js';
import { SinusoidalPositions } from '../../../position/index.js';

/** What lets the positions of a sequence meet: [B,T,C] → [B,T,C], nothing later seen. */
export type Mixer = Module & { forward(x: Tensor): Tensor };

export interface MixerLanguageModelConfig {
  readonly vocabulary: number;
  readonly context: number;
  readonly layers: number;
  readonly width: number;
  readonly seed: number;
  readonly mixer: () => Mixer;
  /** Units of the MLPs; 0 where the mixer stands in their place too. */
  readonly hidden: number;
  /** Whether sinusoidal positions are added to the tokens: for mixers that know none. */
  readonly positions: boolean;
}

/** x + mixer(norm(x)), then x + mlp(norm(x)) where there is one. */
class MixerBlock extends Module {
  readonly norm1: LayerNorm;
  readonly mixer: Mixer;
  readonly norm2: LayerNorm | undefined;
  readonly mlp: Mlp | undefined;

  constructor({ width, hidden, mixer }: MixerLanguageModelConfig) {
    super();
    this.norm1 = new LayerNorm(width);
    this.mixer = child('mixer', mixer);
    if (hidden === 0) return;
    const initializer = xavierUniform();
    this.norm2 = new LayerNorm(width);
    this.mlp = child('mlp', () => new Mlp({ width, hidden, activation: 'gelu_new', initializer, outputInitializer: initializer }));
  }

  forward(x: Tensor): Tensor {
    const mid = x.add(this.mixer.forward(this.norm1.forward(x)));
    return this.norm2 === undefined || this.mlp === undefined ? mid : mid.add(this.mlp.forward(this.norm2.forward(mid)));
  }
}

/** A language model around any causal mixer, the same for all of them: embeddings, pre-norm blocks, a head of its own. */
export class MixerLanguageModel extends Module implements LanguageModel {
  readonly vocabulary: number;
  readonly context: number;
  readonly tokens: Embedding;
  readonly positions: SinusoidalPositions | undefined;
  readonly blocks: MixerBlock[];
  readonly norm: LayerNorm;
  readonly head: Embedding;

  /** @throws as the mixer, and value: sizes that are not whole numbers from 1 */
  constructor(config: MixerLanguageModelConfig) {
    super();
    const { vocabulary, context, layers, width, seed, positions } = config;
    this.seed = seed;
    this.vocabulary = vocabulary;
    this.context = context;
    // Of the size that positions have: sines and cosines.
    this.tokens = new Embedding(vocabulary, width, normal(0.7));
    this.positions = positions ? child('positions', () => new SinusoidalPositions(width)) : undefined;
    this.blocks = children('blocks', layers, () => new MixerBlock(config));
    this.norm = new LayerNorm(width);
    this.head = new Embedding(vocabulary, width);
  }

  /** @param ids [B,T] int32 @returns logits [B,T,V] */
  forward(ids: Tensor): Tensor {
    const embedded = this.tokens.forward(ids);
    const placed = tap('embed', this.positions === undefined ? embedded : embedded.add(this.positions.forward(embedded)));
    const last = this.blocks.reduce((x, block) => block.forward(x), placed);
    return tap('logits', this.head.scores(this.norm.forward(last)));
  }
}
