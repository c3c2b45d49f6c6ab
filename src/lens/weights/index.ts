export { type AttentionWeights, attentionWeights, type HeadWeights, type WeightsOptions } from './attention-weights.js';
export { type VocabularyWeights, vocabularyWeights } from './vocabulary.js';
