export { causalMask, documentMask } from './masks.js';
export { type Past, type ScaledDotProductOptions, scaledDotProduct } from './scaled-dot-product.js';
export { SelfAttention, type SelfAttentionOptions } from './self-attention.js';
