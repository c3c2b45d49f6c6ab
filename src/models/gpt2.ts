import { type Past, SelfAttention } from '../attention/index.js';
import { type ActivationName, child, children, Embedding, LayerNorm, Mlp, Module, normal } from '../nn/index.js';
import { dropout, type Tensor, tap } from '../ops/index.js';
import { LearnedPositions } from '../position/index.js';
import type { LanguageModel } from './language-model.js';
import { type AttentionComputation, longAttention, longFeedForward } from './long-attention.js';
import { decoderMask, type SequenceState } from './sequence-state.js';
import { checkSizes } from './sizes.js';

export interface GPT2Config {
  readonly vocabulary: number;
  /** Most tokens in a sequence. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly dropout?: number;
  readonly activation?: ActivationName;
  /** Whether linear layers and norms have biases. */
  readonly bias?: boolean;
  /** Whether the output head is the token embedding's transpose. */
  readonly tied?: boolean;
  readonly epsilon?: number;
  /** Hidden width of the MLP; 4 · width by default. */
  readonly hidden?: number;
  /** How attention is computed; `dense` by default, `blockwise` for long contexts. */
  readonly attention?: AttentionComputation;
  readonly seed?: number;
}

/** One layer: x + attention(norm(x)), then x + mlp(norm(x)). The norms stand before, so the stream itself is never normalised. */
class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attention: SelfAttention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly computation: AttentionComputation;

  constructor(config: Required<GPT2Config>) {
    super();
    const { width, heads, bias, epsilon, hidden, activation, dropout: rate } = config;
    // Projections into the residual stream start smaller, by 1/√(2L) (Radford et al. 2019, section 2.3).
    const outputInitializer = normal(0.02 / Math.sqrt(2 * config.layers));
    this.norm1 = new LayerNorm(width, { bias, epsilon });
    this.attention = child('attention', () => {
      const attention = longAttention('GPT2', config);
      return new SelfAttention({ width, heads, bias, attention, patternDropout: rate, outputDropout: rate, outputInitializer });
    });
    this.norm2 = new LayerNorm(width, { bias, epsilon });
    this.mlp = new Mlp({ width, hidden, bias, activation, dropout: rate, outputInitializer });
    this.computation = config.attention;
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor, mask: Tensor | undefined, past?: Past): Tensor {
    const pre = tap('residual.pre', x);
    const mid = tap(
      'residual.mid',
      pre.add(this.attention.forward(this.norm1.forward(pre), { mask, everyQueryAttends: true, nothingLater: true, past })),
    );
    const feedForward = longFeedForward(this.computation, (y) => this.mlp.forward(this.norm2.forward(y)));
    return tap('residual.post', mid.add(feedForward(mid)));
  }
}

/**
 * GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): learned positions, L pre-norm
 * blocks with causal self-attention, a final norm, and a head that scores every token by its own embedding.
 */
export class GPT2 extends Module implements LanguageModel {
  readonly config: Required<GPT2Config>;
  readonly tokens: Embedding;
  readonly positions: LearnedPositions;
  readonly blocks: Block[];
  readonly norm: LayerNorm;
  readonly head: Embedding | undefined;

  constructor(config: GPT2Config) {
    super();
    this.config = complete(config);
    const { vocabulary, context, layers, width, bias, epsilon, tied, seed } = this.config;
    this.seed = seed;
    this.tokens = new Embedding(vocabulary, width);
    this.positions = new LearnedPositions(context, width);
    this.blocks = children('blocks', layers, () => new Block(this.config));
    this.norm = new LayerNorm(width, { bias, epsilon });
    this.head = tied ? undefined : new Embedding(vocabulary, width);
  }

  get vocabulary(): number {
    return this.config.vocabulary;
  }

  get context(): number {
    return this.config.context;
  }

  get cache(): { layers: number; heads: number; headWidth: number } {
    const { layers, heads, width } = this.config;
    return { layers, heads, headWidth: width / heads };
  }

  /**
   * @param ids [B,T] int32, T ≤ context
   * @param state documents that share a row; or where to go on from, when earlier tokens' keys and values are kept
   * @returns logits [B,T,V]
   */
  forward(ids: Tensor, state: SequenceState = {}): Tensor {
    const embedded = this.tokens.forward(ids); // [B,T,C]
    let x = tap('embed', dropout(embedded.add(this.positions.forward(embedded, state.position)), this.config.dropout));
    // Blockwise attention is causal by itself: a mask of all pairs is what it does without.
    const mask = this.config.attention === 'blockwise' && state.documents === undefined ? undefined : decoderMask(ids, state);
    this.blocks.forEach((block, i) => {
      x = block.forward(x, mask, state.past?.[i]);
    });
    x = tap('final_norm', this.norm.forward(x));
    return tap('logits', (this.head ?? this.tokens).scores(x));
  }
}

function complete(config: GPT2Config): Required<GPT2Config> {
  const { vocabulary, context, layers, heads, width, hidden = 4 * width } = config;
  checkSizes('GPT2', { vocabulary, context, layers, heads, width, hidden });
  return {
    dropout: 0,
    activation: 'gelu_new',
    bias: true,
    tied: true,
    epsilon: 1e-5,
    attention: 'dense',
    seed: 0,
    ...config,
    hidden,
  };
}
