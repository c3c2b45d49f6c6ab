import type { FormDeclaration } from '../nn/index.js';
import { Attention, type AttentionForm } from './attention.js';
import { MultiHeadAttention, type MultiHeadAttentionInputs, type MultiHeadAttentionOptions } from './multi-head-attention.js';
import { type DotProductOptions, scaledDotProductScore } from './scores/dot-product.js';

export interface GroupedQueryAttentionOptions
  extends DotProductOptions,
    Pick<MultiHeadAttentionOptions, 'width' | 'heads' | 'headWidth' | 'bias' | 'outputBias' | 'normEpsilon' | 'outputInitializer'> {
  /** Key and value heads, K; divides H. */
  readonly kvHeads: number;
  /** Dropout of the pattern and of the output, while training. */
  readonly dropout?: number;
  /** Another form in the place of scaled dot-product attention; it has its own score and dropout of the pattern. */
  readonly attention?: AttentionForm | undefined;
}

/** What a call is told, besides x. */
export type GroupedQueryAttentionInputs = Pick<
  MultiHeadAttentionInputs,
  'mask' | 'past' | 'pastMask' | 'everyQueryAttends' | 'nothingLater' | 'rotation'
>;

/**
 * Self-attention with grouped queries (Ainslie et al. 2023, "GQA") as the Llama family has it: H query heads share K heads
 * of keys and values, so that the cache is H/K times smaller; no biases unless told.
 */
export class GroupedQueryAttention extends MultiHeadAttention {
  /** @throws shape: key heads that do not divide the query heads, or heads that do not divide the width */
  constructor({ scale, softCap, dropout, bias = false, outputBias = false, attention: form, ...options }: GroupedQueryAttentionOptions) {
    const attention = form ?? new Attention({ score: scaledDotProductScore({ scale, softCap }), dropout });
    super({ ...options, bias, outputBias, attention, outputDropout: dropout });
  }
}

export const groupedQueryForm: FormDeclaration = {
  name: 'GroupedQueryAttention',
  formula: 'head_i = attention(q_i, k_{⌊iK/H⌋}, v_{⌊iK/H⌋})',
  paper: 'Ainslie et al. 2023, section 2.2',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Decoders: a cache H/K times smaller at almost the quality of full heads (Llama, Mistral, Gemma).',
  file: 'src/attention/grouped-query-attention.ts',
};
