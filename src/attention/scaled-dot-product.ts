import type { Tensor } from '../ops/index.js';
import { type AttentionInputs, attend } from './attend.js';
import { type DotProductOptions, scaledDotProductScore } from './scores/dot-product.js';

export interface ScaledDotProductOptions extends AttentionInputs, DotProductOptions {
  /** Dropout of the pattern, while training. */
  readonly dropout?: number;
}

/**
 * Scaled dot-product attention: softmax(Q Kᵀ / √D) V (Vaswani et al. 2017, eq. 1; their d_k is our D), the composition
 * that is met most, as a function. With fewer key and value heads than query heads, H/K neighbouring query heads share one
 * (Ainslie et al. 2023, grouped queries).
 * Taps the sites `query`, `key`, `value`, `scores`, `pattern` and `mixed` of the module that calls.
 * @param query [B,H,T,D] @param key [B,K,T,D], K divides H @param value [B,K,T,D]
 * @returns [B,T,H,D]
 */
export function scaledDotProduct(query: Tensor, key: Tensor, value: Tensor, options: ScaledDotProductOptions = {}): Tensor {
  const { scale, softCap, dropout, ...inputs } = options;
  return attend(query, key, value, { score: scaledDotProductScore({ scale, softCap }), dropout, inputs });
}
