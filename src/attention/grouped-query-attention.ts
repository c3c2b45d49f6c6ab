import { fail } from '../core/index.js';
import { Linear, Module, RmsNorm } from '../nn/index.js';
import { dropout, type Initializer, type Tensor, tap } from '../ops/index.js';
import { type Rotation, rotate } from '../position/index.js';
import { type ScaledDotProductOptions, scaledDotProduct } from './scaled-dot-product.js';

export interface GroupedQueryAttentionOptions {
  readonly width: number;
  /** Query heads, H. */
  readonly heads: number;
  /** Key and value heads, K; divides H. */
  readonly kvHeads: number;
  /** Width of a head, D; width/heads by default. */
  readonly headWidth?: number;
  /** Whether queries, keys and values have biases. */
  readonly bias?: boolean;
  /** Whether the output projection has one. */
  readonly outputBias?: boolean;
  /** ε of a norm of each head's queries and keys, before they turn (Qwen3); none by default. */
  readonly normEpsilon?: number | undefined;
  /** Factor of the products q·k; 1/√D by default. */
  readonly scale?: number | undefined;
  readonly softCap?: number | undefined;
  /** Dropout of the pattern and of the output, while training. */
  readonly dropout?: number;
  readonly outputInitializer?: Initializer;
}

/** What a call is told, besides x. */
export type GroupedQueryAttentionInputs = Pick<ScaledDotProductOptions, 'mask' | 'past' | 'pastMask' | 'everyQueryAttends'> & {
  /** Turns queries and keys; without it, attention knows no positions. */
  readonly rotation?: Rotation | undefined;
};

/**
 * Self-attention with grouped queries (Ainslie et al. 2023, "GQA"): H query heads share K heads of keys and values, so that
 * the cache is H/K times smaller. K = H is multi-head attention, K = 1 multi-query attention (Shazeer 2019).
 */
export class GroupedQueryAttention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly queryNorm: RmsNorm | undefined;
  readonly keyNorm: RmsNorm | undefined;
  readonly options: GroupedQueryAttentionOptions;
  readonly headWidth: number;

  /** @throws shape: key heads that do not divide the query heads, or heads that do not divide the width */
  constructor(options: GroupedQueryAttentionOptions) {
    super();
    const { width, heads, kvHeads, headWidth = width / heads, bias = false, outputBias = false, normEpsilon } = options;
    if (!Number.isInteger(kvHeads) || kvHeads < 1 || heads % kvHeads !== 0) {
      throw fail('shape', {
        where: 'grouped-query attention',
        rule: 'a number of key and value heads that divides the query heads',
        got: `${kvHeads} for ${heads}`,
        fix: `Choose among the divisors of ${heads}`,
      });
    }
    if (!Number.isInteger(headWidth)) {
      throw fail('shape', {
        where: 'grouped-query attention',
        rule: 'a number of heads that divides the width, or a headWidth',
        got: `width ${width}, heads ${heads}`,
      });
    }
    this.options = options;
    this.headWidth = headWidth;
    this.query = new Linear(width, heads * headWidth, { bias });
    this.key = new Linear(width, kvHeads * headWidth, { bias });
    this.value = new Linear(width, kvHeads * headWidth, { bias });
    const initializer = options.outputInitializer;
    this.output = new Linear(heads * headWidth, width, { bias: outputBias, ...(initializer && { initializer }) });
    const norm = (): RmsNorm | undefined => (normEpsilon === undefined ? undefined : new RmsNorm(headWidth, { epsilon: normEpsilon }));
    this.queryNorm = norm();
    this.keyNorm = norm();
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor, { rotation, ...inputs }: GroupedQueryAttentionInputs = {}): Tensor {
    const { heads, kvHeads, scale, softCap, dropout: rate = 0 } = this.options;
    const [batch, length] = x.shape as [number, number];
    const byHead = (part: Tensor, count: number): Tensor => part.reshape([batch, length, count, this.headWidth]);
    const turned = (part: Tensor, norm: RmsNorm | undefined): Tensor => {
      const columns = (norm === undefined ? part : norm.forward(part)).transpose([0, 2, 1, 3]);
      return rotation === undefined ? columns : rotate(columns, rotation);
    };
    const query = turned(byHead(this.query.forward(x), heads), this.queryNorm); // [B,H,T,D]
    const key = turned(byHead(this.key.forward(x), kvHeads), this.keyNorm); // [B,K,T,D]
    const value = byHead(this.value.forward(x), kvHeads).transpose([0, 2, 1, 3]); // [B,K,T,D]
    const mixed = scaledDotProduct(query, key, value, { ...inputs, scale, softCap, dropout: rate }); // [B,T,H,D]
    return tap('output', dropout(this.output.forward(mixed.reshape([batch, length, heads * this.headWidth])), rate));
  }
}
