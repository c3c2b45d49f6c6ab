import { GroupedQueryAttention, type GroupedQueryAttentionInputs } from '../attention/index.js';
import { fail } from '../core/index.js';
import { type ActivationName, child, children, Embedding, GatedMlp, Module, normal, RmsNorm } from '../nn/index.js';
import { dropout, type Tensor, tap } from '../ops/index.js';
import { Rotary, type RotaryScaling } from '../position/index.js';
import { masksByLayer } from './attention-masks.js';
import type { LanguageModel } from './language-model.js';
import { type AttentionComputation, longAttention, longFeedForward } from './long-attention.js';
import type { SequenceState } from './sequence-state.js';
import { checkSizes } from './sizes.js';

/** Llama 1 to 3, and its kin: Mistral is `window`, Qwen2 `attentionBias: 'queryKeyValue'`, Qwen3 `headNorm`. */
export interface LlamaConfig {
  readonly vocabulary: number;
  /** Most tokens in a sequence. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Key and value heads; as many as query heads by default. */
  readonly kvHeads?: number | undefined;
  /** width/heads by default. */
  readonly headWidth?: number;
  /** Hidden width of the MLP; by default `gatedHidden(width)`. */
  readonly hidden?: number | undefined;
  readonly activation?: ActivationName;
  /** Whether the output head is the token embedding's transpose. */
  readonly tied?: boolean;
  readonly epsilon?: number;
  /** Which of attention's projections have biases. */
  readonly attentionBias?: 'none' | 'queryKeyValue' | 'all';
  readonly mlpBias?: boolean;
  /** Whether each head's queries and keys are normalised before they turn. */
  readonly headNorm?: boolean;
  /** Base of the rotary frequencies. */
  readonly base?: number;
  readonly scaling?: RotaryScaling | undefined;
  /** How many tokens, itself among them, a query sees in the layers that have a window. */
  readonly window?: number | undefined;
  /** Which layers do; all, where there is a window. */
  readonly windowed?: readonly boolean[];
  readonly dropout?: number;
  /** How attention is computed; `dense` by default, `blockwise` for long contexts: layers with a window see no more than it. */
  readonly attention?: AttentionComputation;
  readonly seed?: number;
}

type Complete = Required<LlamaConfig> & { readonly kvHeads: number; readonly hidden: number };

/** One layer: x + attention(norm(x)), then x + mlp(norm(x)). */
class Block extends Module {
  readonly norm1: RmsNorm;
  readonly attention: GroupedQueryAttention;
  readonly norm2: RmsNorm;
  readonly mlp: GatedMlp;
  readonly computation: AttentionComputation;

  constructor(config: Complete, window: number | undefined) {
    super();
    const { width, heads, kvHeads, headWidth, hidden, epsilon, activation, attentionBias, mlpBias, dropout: rate } = config;
    // As in GPT-2: what is written into the residual stream starts smaller, by 1/√(2L).
    const outputInitializer = normal(0.02 / Math.sqrt(2 * config.layers));
    this.norm1 = new RmsNorm(width, { epsilon });
    this.attention = child('attention', () => {
      checkSizes('Llama', { window: config.window });
      return new GroupedQueryAttention({
        width,
        heads,
        kvHeads,
        headWidth,
        bias: attentionBias !== 'none',
        outputBias: attentionBias === 'all',
        normEpsilon: config.headNorm ? epsilon : undefined,
        dropout: rate,
        attention: longAttention('Llama', { ...config, window }),
        outputInitializer,
      });
    });
    this.norm2 = new RmsNorm(width, { epsilon });
    this.mlp = new GatedMlp({ width, hidden, activation, bias: mlpBias, dropout: rate, outputInitializer });
    this.computation = config.attention;
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor, inputs: GroupedQueryAttentionInputs): Tensor {
    const pre = tap('residual.pre', x);
    const mid = tap('residual.mid', pre.add(this.attention.forward(this.norm1.forward(pre), inputs)));
    const feedForward = longFeedForward(this.computation, (y) => this.mlp.forward(this.norm2.forward(y)));
    return tap('residual.post', mid.add(feedForward(mid)));
  }
}

/**
 * Llama (Touvron et al. 2023, section 2.2; Llama 3: Grattafiori et al. 2024): rotary positions, L pre-norm blocks of
 * grouped-query attention and SwiGLU with root-mean-square norms, a final norm, a head. With other settings Mistral 7B
 * (Jiang et al. 2023), Qwen2 (Yang et al. 2024) and Qwen3 (Yang et al. 2025).
 */
export class Llama extends Module implements LanguageModel {
  readonly config: Complete;
  readonly tokens: Embedding;
  readonly blocks: Block[];
  readonly norm: RmsNorm;
  readonly head: Embedding | undefined;
  readonly #rotary: Rotary;

  /** @throws value: a size that is not a whole number from 1; shape: heads or windows that do not fit */
  constructor(config: LlamaConfig) {
    super();
    this.config = complete(config);
    const { vocabulary, context, layers, width, headWidth, epsilon, tied, base, scaling, window, windowed, seed } = this.config;
    this.seed = seed;
    this.tokens = new Embedding(vocabulary, width);
    this.blocks = children('blocks', layers, (i) => new Block(this.config, windowed[i] ? window : undefined));
    this.#rotary = child('rotary', () => new Rotary({ context, width: headWidth, base, scaling }));
    this.norm = new RmsNorm(width, { epsilon });
    this.head = tied ? undefined : new Embedding(vocabulary, width);
  }

  get vocabulary(): number {
    return this.config.vocabulary;
  }

  get context(): number {
    return this.config.context;
  }

  get cache(): { layers: number; heads: number; headWidth: number } {
    const { layers, kvHeads, headWidth } = this.config;
    return { layers, heads: kvHeads, headWidth };
  }

  /**
   * @param ids [B,T] int32, T ≤ context
   * @param state documents that share a row; or where to go on from, when earlier tokens' keys and values are kept
   * @returns logits [B,T,V]
   */
  forward(ids: Tensor, state: SequenceState = {}): Tensor {
    const rotation = this.#rotary.at(ids, state.position);
    // Forms for long contexts are causal, and windowed, by themselves: masks of all pairs are what they do without.
    const masks = this.config.attention === 'blockwise' && state.documents === undefined ? [] : masksByLayer(ids, state, this.config);
    let x = tap('embed', dropout(this.tokens.forward(ids), this.config.dropout)); // [B,T,C]
    this.blocks.forEach((block, i) => {
      x = block.forward(x, { ...masks[i], rotation, everyQueryAttends: true, nothingLater: true, past: state.past?.[i] });
    });
    x = tap('final_norm', this.norm.forward(x));
    return tap('logits', (this.head ?? this.tokens).scores(x));
  }
}

/** The hidden width that makes a gated MLP about as large as one of 4 · width without a gate: 8/3 · width, up to a multiple of 16. */
export function gatedHidden(width: number): number {
  return 16 * Math.ceil((8 * width) / 3 / 16);
}

function complete(config: LlamaConfig): Complete {
  const { vocabulary, context, layers, heads, width, window } = config;
  const { kvHeads = heads, headWidth = width / heads, hidden = gatedHidden(width), windowed } = config;
  checkSizes('Llama', { vocabulary, context, layers, heads, width, kvHeads, hidden });
  if (windowed !== undefined && windowed.length !== layers)
    throw fail('shape', { where: 'Llama', rule: `windowed says it of each of ${layers} layers`, got: `${windowed.length}` });
  return {
    activation: 'silu',
    tied: false,
    epsilon: 1e-5,
    attentionBias: 'none',
    mlpBias: false,
    headNorm: false,
    base: 10000,
    dropout: 0,
    attention: 'dense',
    seed: 0,
    ...config,
    kvHeads,
    headWidth,
    hidden,
    scaling: config.scaling,
    window,
    windowed: windowed ?? new Array<boolean>(layers).fill(window !== undefined),
  };
}
