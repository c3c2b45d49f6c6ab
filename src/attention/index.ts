export {
  GroupedQueryAttention,
  type GroupedQueryAttentionInputs,
  type GroupedQueryAttentionOptions,
} from './grouped-query-attention.js';
export { causalMask, documentMask } from './masks.js';
export { type Past, type ScaledDotProductOptions, scaledDotProduct } from './scaled-dot-product.js';
export { SelfAttention, type SelfAttentionOptions } from './self-attention.js';
export { pastWindowMask, windowMask } from './sliding-window.js';
