import type { FormDeclaration } from '../nn/index.js';
import { MultiHeadAttention, type MultiHeadAttentionOptions } from './multi-head-attention.js';

/**
 * Multi-query attention: head_i = attention(x W_i^Q, c W^K, c W^V), one head of keys and values for all H query heads
 * (Shazeer 2019, "Fast Transformer Decoding", section 3), so that a cache is H times smaller. What lies between it and
 * multi-head attention is `MultiHeadAttention` with `kvHeads`.
 * Sites as MultiHeadAttention's; `key` and `value` are [B,1,S,D].
 * @example new MultiQueryAttention({ width: 512, heads: 8, attention: new Attention({ mask: causal }) })
 */
export class MultiQueryAttention extends MultiHeadAttention {
  /** @throws shape: heads that do not divide the width */
  constructor(options: Omit<MultiHeadAttentionOptions, 'kvHeads'>) {
    super({ ...options, kvHeads: 1 });
  }
}

export const multiQueryForm: FormDeclaration = {
  name: 'MultiQueryAttention',
  formula: 'head_i = attention(x W_i^Q, c W^K, c W^V)',
  paper: 'Shazeer 2019, section 3',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Decoding of long texts: the smallest cache of whole keys and values, at some loss of quality.',
  file: 'src/attention/multi-query-attention.ts',
};
