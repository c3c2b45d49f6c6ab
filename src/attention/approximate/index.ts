import { type FormDeclaration, lowRankLinearForm } from '../../nn/index.js';
import { favorForm } from './favor-attention.js';
import { linearAttentionForm } from './linear-attention.js';
import { linformerForm } from './linformer-attention.js';
import { lshForm } from './lsh-attention.js';
import { nystromForm } from './nystrom-attention.js';
import { sharedQueryKeyForm } from './shared-query-key.js';

export { FavorAttention, type FavorAttentionOptions } from './favor-attention.js';
export { ImpliedAttention, type ImpliedOptions } from './implied-attention.js';
export { KernelAttention, type KernelAttentionOptions } from './kernel-attention.js';
export { eluFeatures, LinearAttention, type LinearAttentionOptions } from './linear-attention.js';
export { LinformerAttention, type LinformerOptions, segmentMeans } from './linformer-attention.js';
export { LshAttention, type LshAttentionOptions } from './lsh-attention.js';
export type { Buckets } from './lsh-buckets.js';
export { NystromAttention, type NystromOptions, pseudoInverse } from './nystrom-attention.js';
export { type RandomFeaturesOptions, randomFeatures } from './random-features.js';
export { SharedQueryKeyAttention, type SharedQueryKeyInputs, type SharedQueryKeyOptions } from './shared-query-key.js';

/** Every form whose time is linear in the length and whose weights are implied, in the order of docs/attention.md. */
export const approximateForms: readonly FormDeclaration[] = [
  linearAttentionForm,
  favorForm,
  lshForm,
  sharedQueryKeyForm,
  linformerForm,
  nystromForm,
  lowRankLinearForm,
];
