import { type Past, SelfAttention } from '../attention/index.js';
import { child, children, Embedding, LayerNorm, Module, normal } from '../nn/index.js';
import { dropout, type Tensor, tap } from '../ops/index.js';
import { LearnedPositions } from '../position/index.js';
import type { LanguageModel } from './language-model.js';
import { decoderMask, type SequenceState } from './sequence-state.js';
import { checkSizes } from './sizes.js';

export interface AttentionOnlyConfig {
  readonly vocabulary: number;
  /** Most tokens in a sequence. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly dropout?: number;
  /** Whether linear layers and norms have biases. */
  readonly bias?: boolean;
  /** Whether layers, and the head, read a normalised stream. Without it, the model is a sum of paths, linear but for the patterns. */
  readonly norm?: boolean;
  readonly epsilon?: number;
  readonly seed?: number;
}

/** One layer: x + attention(norm(x)). */
class Block extends Module {
  readonly norm: LayerNorm | undefined;
  readonly attention: SelfAttention;

  constructor({ width, heads, layers, bias, norm, epsilon, dropout }: Required<AttentionOnlyConfig>) {
    super();
    this.norm = norm ? new LayerNorm(width, { bias, epsilon }) : undefined;
    // As in GPT-2, smaller by 1/√N for N writes into the residual stream: here one a layer.
    const outputInitializer = normal(0.02 / Math.sqrt(layers));
    const options = { width, heads, bias, patternDropout: dropout, outputDropout: dropout, outputInitializer };
    this.attention = child('attention', () => new SelfAttention(options));
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor, mask: Tensor, past?: Past): Tensor {
    const pre = tap('residual.pre', x);
    const read = this.norm === undefined ? pre : this.norm.forward(pre);
    return tap('residual.post', pre.add(this.attention.forward(read, { mask, everyQueryAttends: true, nothingLater: true, past })));
  }
}

/**
 * The attention-only Transformer (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"): what is left
 * without MLPs, small enough to be read as circuits; two layers make induction heads. Token and position embeddings,
 * L layers of causal self-attention, a final norm, and an untied head, so that W_U is free of W_E. As usual since, layers
 * have norms and positions are added to the stream; the paper leaves norms out (`norm: false`, `bias: false`).
 */
export class AttentionOnly extends Module implements LanguageModel {
  readonly config: Required<AttentionOnlyConfig>;
  readonly tokens: Embedding;
  readonly positions: LearnedPositions;
  readonly blocks: Block[];
  readonly norm: LayerNorm | undefined;
  readonly head: Embedding;

  /** @throws value: a size that is not a whole number from 1; shape: heads that do not divide the width */
  constructor(config: AttentionOnlyConfig) {
    super();
    this.config = { dropout: 0, bias: true, norm: true, epsilon: 1e-5, seed: 0, ...config };
    const { vocabulary, context, layers, heads, width, bias, norm, epsilon, seed } = this.config;
    checkSizes('AttentionOnly', { vocabulary, context, layers, heads, width });
    this.seed = seed;
    this.tokens = new Embedding(vocabulary, width);
    this.positions = new LearnedPositions(context, width);
    this.blocks = children('blocks', layers, () => new Block(this.config));
    this.norm = norm ? new LayerNorm(width, { bias, epsilon }) : undefined;
    this.head = new Embedding(vocabulary, width);
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
    const mask = decoderMask(ids, state);
    this.blocks.forEach((block, i) => {
      x = block.forward(x, mask, state.past?.[i]);
    });
    x = tap('final_norm', this.norm === undefined ? x : this.norm.forward(x));
    return tap('logits', this.head.scores(x));
  }
}
