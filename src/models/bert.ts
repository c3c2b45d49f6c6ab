import { GroupedQueryAttention } from '../attention/index.js';
import { type Dim, equalShapes, fail } from '../core/index.js';
import { type ActivationName, child, children, Embedding, LayerNorm, Mlp, Module } from '../nn/index.js';
import { cast, dropout, formatSpec, iota, type Tensor, tap } from '../ops/index.js';
import { LearnedPositions } from '../position/index.js';
import { type EncoderHead, MaskedLanguageHead, Pooler, SequenceHead, TokenHead } from './encoder-head.js';
import type { TokenModel } from './language-model.js';
import { checkSizes } from './sizes.js';

/** RoBERTa and DistilBERT are BERTs with other positions, without token types, and with other heads. */
export type BertFamily = 'bert' | 'roberta' | 'distilbert';

export interface BertConfig {
  /** `bert` by default. */
  readonly family?: BertFamily;
  readonly vocabulary: number;
  /** Most tokens in a sequence. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Hidden width of the MLP; 4 · width by default. */
  readonly hidden?: number;
  /** Kinds of token, such as question and context; 0 for none. BERT's 2, RoBERTa's 1, DistilBERT's 0 by default. */
  readonly types?: number;
  /** The id that fills rows up; RoBERTa counts its positions from it. RoBERTa's 1, else 0, by default. */
  readonly padding?: number;
  readonly activation?: ActivationName;
  readonly epsilon?: number;
  readonly dropout?: number;
  /** Whether the bare model has a pooler; BERT's classifier of whole texts always has. */
  readonly pooler?: boolean;
  readonly head?: EncoderHead;
  readonly seed?: number;
}

/** What a call of an encoder may be told besides the ids. */
export interface EncoderInputs {
  /** [B,T] bool, true where a row holds a token, false where it is filled up; all of it by default. */
  readonly mask?: Tensor | undefined;
  /** [B,T] int32, each token's type; 0 by default. */
  readonly types?: Tensor | undefined;
}

/** One layer: norm(x + attention(x)), then norm(x + mlp(x)). The norms stand after the sums, so the stream is always normalised. */
class Block extends Module {
  readonly attention: GroupedQueryAttention;
  readonly norm1: LayerNorm;
  readonly mlp: Mlp;
  readonly norm2: LayerNorm;

  constructor({ width, heads, hidden, epsilon, activation, dropout: rate }: Required<BertConfig>) {
    super();
    // As many key heads as heads, and projections apart: the published layout.
    const options = { width, heads, kvHeads: heads, bias: true, outputBias: true, dropout: rate };
    this.attention = child('attention', () => new GroupedQueryAttention(options));
    this.norm1 = new LayerNorm(width, { epsilon });
    this.mlp = new Mlp({ width, hidden, activation, dropout: rate });
    this.norm2 = new LayerNorm(width, { epsilon });
  }

  /** @param x [B,T,C] @param mask [B,1,1,T] bool, true = attend @returns [B,T,C] */
  forward(x: Tensor, mask: Tensor | undefined): Tensor {
    const pre = tap('residual.pre', x);
    const mid = tap('residual.mid', this.norm1.forward(pre.add(this.attention.forward(pre, { mask }))));
    return tap('residual.post', this.norm2.forward(mid.add(this.mlp.forward(mid))));
  }
}

/**
 * BERT (Devlin et al. 2018, "BERT: Pre-training of Deep Bidirectional Transformers"): token, position and type embeddings,
 * summed and normalised, then L post-norm blocks in which every token attends to every other. RoBERTa (Liu et al. 2019)
 * counts positions from its padding id + 1, over tokens that are not padding; DistilBERT (Sanh et al. 2019) has no types.
 */
export class Bert extends Module implements TokenModel {
  readonly config: Required<BertConfig>;
  readonly tokens: Embedding;
  readonly positions: LearnedPositions;
  readonly types: Embedding | undefined;
  readonly embedNorm: LayerNorm;
  readonly blocks: Block[];
  readonly pooler: Pooler | undefined;
  readonly head: MaskedLanguageHead | SequenceHead | TokenHead | undefined;

  constructor(config: BertConfig) {
    super();
    this.config = complete(config);
    const { family, vocabulary, context, layers, width, types, padding, epsilon, pooler, seed } = this.config;
    this.seed = seed;
    this.tokens = new Embedding(vocabulary, width);
    this.positions = new LearnedPositions(family === 'roberta' ? context + padding + 1 : context, width);
    this.types = types === 0 ? undefined : new Embedding(types, width);
    this.embedNorm = new LayerNorm(width, { epsilon });
    this.blocks = children('blocks', layers, () => new Block(this.config));
    this.pooler = pooler ? new Pooler(width) : undefined;
    this.head = headOf(this.config);
  }

  get vocabulary(): number {
    return this.config.vocabulary;
  }

  get context(): number {
    return this.config.context;
  }

  /**
   * @param ids [B,T] int32, T ≤ context
   * @returns what the head gives: [B,T,V], [B,labels], [B,T,labels] or [B,T,2]; hidden states [B,T,C] without one
   * @throws shape, dtype: more tokens than the context, a mask or types of another form
   */
  forward(ids: Tensor, { mask, types }: EncoderInputs = {}): Tensor {
    this.#check(ids, { mask, types });
    const [batch, length] = ids.shape as [Dim, Dim];
    const embedded = this.tokens.forward(ids); // [B,T,C]
    let sum = embedded.add(this.positions.forward(embedded, this.#positionsOf(ids)));
    if (this.types !== undefined) sum = sum.add(this.types.forward(types ?? iota(1).reshape([1, 1])));
    let x = tap('embed', dropout(this.embedNorm.forward(sum), this.config.dropout));
    const keys = mask?.reshape([batch, 1, 1, length]);
    for (const block of this.blocks) x = block.forward(x, keys);
    const { head } = this;
    if (head === undefined) return x;
    if (head instanceof MaskedLanguageHead) return tap('logits', head.forward(x, this.tokens));
    return tap('logits', head.forward(head instanceof SequenceHead && this.pooler ? this.pooler.forward(x) : x));
  }

  /** RoBERTa's: padding + (how many tokens that are not padding stand up to here), and padding's own for padding. */
  #positionsOf(ids: Tensor): Tensor | undefined {
    const { family, padding } = this.config;
    if (family !== 'roberta') return undefined;
    const isToken = cast(ids.equal(padding).logicalNot(), 'int32');
    return isToken.cumsum(1).mul(isToken).add(padding);
  }

  #check(ids: Tensor, { mask, types }: EncoderInputs): void {
    const { context, types: kinds } = this.config;
    const length = ids.shape[1] as Dim;
    if (typeof length === 'number' && length > context) {
      const rule = `at most ${context} tokens, the context the model was made for`;
      throw fail('shape', { where: 'ids', path: this.positions.path, rule, got: String(length), fix: 'Shorten the text' });
    }
    for (const [where, given, dtype] of [['mask', mask, 'bool'] as const, ['types', types, 'int32'] as const]) {
      if (given === undefined || (given.dtype === dtype && equalShapes(given.shape, ids.shape))) continue;
      const code = given.dtype === dtype ? 'shape' : 'dtype';
      throw fail(code, { where, rule: `${dtype} for every id, [${ids.shape}]`, got: formatSpec(given) });
    }
    if (types !== undefined && kinds === 0) {
      throw fail('unsupported', { where: 'types', rule: 'no types for a model without', got: formatSpec(types) });
    }
  }
}

function headOf({ family, head, vocabulary, width, epsilon, activation, dropout: rate }: Required<BertConfig>): Bert['head'] {
  switch (head.kind) {
    case 'none':
      return undefined;
    case 'maskedLanguage':
      // RoBERTa's own code has gelu here, whatever its layers have.
      return new MaskedLanguageHead({
        ...{ vocabulary, width, epsilon, tied: head.tied },
        activation: family === 'roberta' ? 'gelu' : activation,
      });
    case 'sequence': {
      const dense = ({ bert: undefined, roberta: 'tanh', distilbert: 'relu' } as const)[family];
      return new SequenceHead({ width, labels: head.labels.length, dropout: rate, ...(dense && { activation: dense }) });
    }
    case 'token':
      return new TokenHead({ width, labels: head.labels.length, dropout: rate });
    case 'question':
      return new TokenHead({ width, labels: 2, dropout: 0 });
  }
}

function complete(config: BertConfig): Required<BertConfig> {
  const { family = 'bert', vocabulary, context, layers, heads, width, hidden = 4 * width, head = { kind: 'none' } } = config;
  checkSizes('Bert', { vocabulary, context, layers, heads, width, hidden });
  if ('labels' in head) checkSizes('Bert', { labels: head.labels.length });
  const padding = config.padding ?? (family === 'roberta' ? 1 : 0);
  if (!Number.isInteger(padding) || padding < 0 || padding >= vocabulary) {
    throw fail('value', { where: 'Bert', rule: `padding is a token id from 0 to ${vocabulary - 1}`, got: String(padding) });
  }
  return {
    activation: 'gelu',
    epsilon: family === 'roberta' ? 1e-5 : 1e-12,
    dropout: 0,
    types: { bert: 2, roberta: 1, distilbert: 0 }[family],
    seed: 0,
    ...config,
    ...{ family, hidden, head, padding },
    pooler: family === 'bert' && head.kind === 'sequence' ? true : head.kind === 'none' && (config.pooler ?? false),
  };
}
