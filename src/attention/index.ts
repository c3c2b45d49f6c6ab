export * from './approximate/index.js';
export { type AttentionInputs, type AttentionParts, attend, type Past } from './attend.js';
export { Attention, type AttentionForm } from './attention.js';
export * from './biases/index.js';
export { withCausalBands } from './causal-bands.js';
export { forms } from './forms.js';
export {
  GroupedQueryAttention,
  type GroupedQueryAttentionInputs,
  type GroupedQueryAttentionOptions,
} from './grouped-query-attention.js';
export * from './long/index.js';
export * from './masks/index.js';
export * from './mixes/index.js';
export {
  type Gate,
  MultiHeadAttention,
  type MultiHeadAttentionInputs,
  type MultiHeadAttentionOptions,
  type ProjectedContext,
} from './multi-head-attention.js';
export { MultiQueryAttention } from './multi-query-attention.js';
export * from './normalisers/index.js';
export type { Bias, Mask, Mix, Normaliser, NormaliserInputs, Part, Score } from './parts.js';
export { distance, type Places, placesAfter, placesOf } from './places.js';
export * from './retention/index.js';
export { type ScaledDotProductOptions, scaledDotProduct } from './scaled-dot-product.js';
export * from './scores/index.js';
export { SelfAttention, type SelfAttentionOptions } from './self-attention.js';
export * from './structures/index.js';
