import { GroupedQueryAttention, type GroupedQueryAttentionInputs } from '../attention/index.js';
import { fail } from '../core/index.js';
import { type ActivationName, child, children, Embedding, GatedMlp, Module, normal, RmsNorm } from '../nn/index.js';
import { dropout, type Tensor, tanh, tap } from '../ops/index.js';
import { Rotary, type RotaryScaling } from '../position/index.js';
import { masksByLayer } from './attention-masks.js';
import type { LanguageModel } from './language-model.js';
import type { SequenceState } from './sequence-state.js';
import { checkSizes } from './sizes.js';

/** Gemma; with `postNorms`, caps and a window in every other layer, Gemma 2. */
export interface GemmaConfig {
  readonly vocabulary: number;
  /** Most tokens in a sequence. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Key and value heads; one by default, as in Gemma 2B. */
  readonly kvHeads?: number;
  /** width/heads by default. */
  readonly headWidth?: number;
  readonly hidden: number;
  readonly activation?: ActivationName;
  readonly epsilon?: number;
  /** Base of the rotary frequencies. */
  readonly base?: number;
  readonly scaling?: RotaryScaling | undefined;
  /** Whether what attention and MLP give is normalised before it is added (Gemma 2). */
  readonly postNorms?: boolean;
  /** Scores are q·k/√queryWidth; the head width by default. */
  readonly queryWidth?: number;
  /** Soft cap of attention's scores. */
  readonly scoreCap?: number | undefined;
  /** Soft cap of the logits. */
  readonly logitCap?: number | undefined;
  /** How many tokens, itself among them, a query sees in the layers that have a window. */
  readonly window?: number | undefined;
  /** Which layers do; where there is a window, every other one from the first. */
  readonly windowed?: readonly boolean[];
  readonly dropout?: number;
  readonly seed?: number;
}

type Complete = Required<GemmaConfig>;

/** One layer: x + norm(attention(norm(x))), then x + norm(mlp(norm(x))); Gemma 1 is without the outer norms. */
class Block extends Module {
  readonly norm1: RmsNorm;
  readonly attention: GroupedQueryAttention;
  readonly attentionNorm: RmsNorm | undefined;
  readonly norm2: RmsNorm;
  readonly mlp: GatedMlp;
  readonly mlpNorm: RmsNorm | undefined;

  constructor(config: Complete) {
    super();
    const { width, heads, kvHeads, headWidth, hidden, epsilon, activation, queryWidth, scoreCap, postNorms, dropout: rate } = config;
    const outputInitializer = normal(0.02 / Math.sqrt(2 * config.layers)); // as in GPT-2
    const norm = (): RmsNorm => new RmsNorm(width, { epsilon, fromOne: true });
    this.norm1 = norm();
    this.attention = child('attention', () => {
      checkSizes('Gemma', { window: config.window });
      const options = { scale: 1 / Math.sqrt(queryWidth), softCap: scoreCap, dropout: rate, outputInitializer };
      return new GroupedQueryAttention({ width, heads, kvHeads, headWidth, ...options });
    });
    this.attentionNorm = postNorms ? norm() : undefined;
    this.norm2 = norm();
    this.mlp = new GatedMlp({ width, hidden, activation, dropout: rate, outputInitializer });
    this.mlpNorm = postNorms ? norm() : undefined;
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor, inputs: GroupedQueryAttentionInputs): Tensor {
    const pre = tap('residual.pre', x);
    const attended = this.attention.forward(this.norm1.forward(pre), inputs);
    const mid = tap('residual.mid', pre.add(this.attentionNorm?.forward(attended) ?? attended));
    const thought = this.mlp.forward(this.norm2.forward(mid));
    return tap('residual.post', mid.add(this.mlpNorm?.forward(thought) ?? thought));
  }
}

/**
 * Gemma (Gemma Team 2024, section 2) and Gemma 2 (Gemma Team 2024b, section 2): Llama's blocks with GeGLU, embeddings times
 * √C, norms that scale by 1 + w, a tied head; in Gemma 2 norms after each sublayer too, soft caps c · tanh(x/c) of scores
 * and logits, and windows in every other layer.
 */
export class Gemma extends Module implements LanguageModel {
  readonly config: Complete;
  readonly tokens: Embedding;
  readonly blocks: Block[];
  readonly norm: RmsNorm;
  readonly #rotary: Rotary;

  /** @throws value: a size that is not a whole number from 1; shape: heads or windows that do not fit */
  constructor(config: GemmaConfig) {
    super();
    this.config = complete(config);
    const { vocabulary, context, layers, width, headWidth, epsilon, base, scaling, seed } = this.config;
    this.seed = seed;
    this.tokens = new Embedding(vocabulary, width);
    this.blocks = children('blocks', layers, () => new Block(this.config));
    this.#rotary = child('rotary', () => new Rotary({ context, width: headWidth, base, scaling }));
    this.norm = new RmsNorm(width, { epsilon, fromOne: true });
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
    const { width, logitCap, dropout: rate } = this.config;
    const rotation = this.#rotary.at(ids, state.position);
    const masks = masksByLayer(ids, state, this.config);
    let x = tap('embed', dropout(this.tokens.forward(ids).mul(Math.sqrt(width)), rate)); // [B,T,C]
    this.blocks.forEach((block, i) => {
      x = block.forward(x, { ...masks[i], rotation, everyQueryAttends: true, nothingLater: true, past: state.past?.[i] });
    });
    x = tap('final_norm', this.norm.forward(x));
    const logits = this.tokens.scores(x);
    return tap('logits', logitCap === undefined ? logits : tanh(logits.mul(1 / logitCap)).mul(logitCap));
  }
}

function complete(config: GemmaConfig): Complete {
  const { vocabulary, context, layers, heads, width, hidden, window } = config;
  const { kvHeads = 1, headWidth = width / heads, windowed } = config;
  checkSizes('Gemma', { vocabulary, context, layers, heads, width, kvHeads, hidden });
  if (windowed !== undefined && windowed.length !== layers)
    throw fail('shape', { where: 'Gemma', rule: `windowed says it of each of ${layers} layers`, got: `${windowed.length}` });
  return {
    activation: 'gelu_pytorch_tanh',
    epsilon: 1e-6,
    base: 10000,
    postNorms: false,
    queryWidth: headWidth,
    dropout: 0,
    seed: 0,
    ...config,
    kvHeads,
    headWidth,
    scaling: config.scaling,
    scoreCap: config.scoreCap,
    logitCap: config.logitCap,
    window,
    windowed: windowed ?? Array.from({ length: layers }, (_, i) => window !== undefined && i % 2 === 0),
  };
}
