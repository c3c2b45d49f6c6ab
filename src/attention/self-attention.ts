import { fail } from '../core/index.js';
import { Linear, Module } from '../nn/index.js';
import { dropout, type Initializer, type Tensor, tap } from '../ops/index.js';
import type { AttentionInputs } from './attend.js';
import { Attention, type AttentionForm } from './attention.js';

export interface SelfAttentionOptions {
  readonly width: number;
  readonly heads: number;
  readonly bias?: boolean;
  /** How queries, keys and values meet; scaled dot-product attention by default. */
  readonly attention?: AttentionForm | undefined;
  /** Dropout of the default attention's pattern, while training; a form of one's own says it itself. */
  readonly patternDropout?: number;
  /** Dropout of the output, while training. */
  readonly outputDropout?: number;
  readonly outputInitializer?: Initializer;
}

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2.2): each head attends in its own D = C/H dimensions.
 * Queries, keys and values come from one packed projection [C,3C], as in GPT-2: one large product instead of three.
 */
export class SelfAttention extends Module {
  readonly qkv: Linear;
  readonly output: Linear;
  readonly heads: number;
  readonly attention: AttentionForm;
  readonly outputDropout: number;

  constructor({ width, heads, bias = true, ...options }: SelfAttentionOptions) {
    super();
    if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0) {
      throw fail('shape', {
        where: 'self-attention',
        rule: 'a number of heads that divides the width',
        got: `width ${width}, heads ${heads}`,
        fix: `Choose heads among the divisors of ${width}`,
      });
    }
    this.qkv = new Linear(width, 3 * width, { bias });
    this.output = new Linear(width, width, { bias, ...(options.outputInitializer && { initializer: options.outputInitializer }) });
    this.heads = heads;
    this.attention = options.attention ?? new Attention({ dropout: options.patternDropout });
    this.outputDropout = options.outputDropout ?? 0;
  }

  /** @param x [B,T,C] @param options.mask [T,T], or what broadcasts to [B,H,T,T], bool, true = attend @returns [B,T,C] */
  forward(x: Tensor, options: Pick<AttentionInputs, 'mask' | 'everyQueryAttends' | 'nothingLater' | 'past'> = {}): Tensor {
    const [batch, length, width] = x.shape as [number, number, number];
    const heads = (part: Tensor): Tensor => part.reshape([batch, length, this.heads, width / this.heads]).transpose([0, 2, 1, 3]);
    const [query, key, value] = this.qkv.forward(x).split(3, 2).map(heads) as [Tensor, Tensor, Tensor]; // each [B,H,T,D]
    const mixed = this.attention.attend(query, key, value, options); // [B,T,H,D]
    const output = this.output.forward(mixed.reshape([batch, length, width]));
    return tap('output', dropout(output, this.outputDropout));
  }
}
