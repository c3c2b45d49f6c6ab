import type { FormDeclaration } from '../../nn/index.js';
import { favorForm } from './favor-attention.js';
import { linearAttentionForm } from './linear-attention.js';

export { FavorAttention, type FavorAttentionOptions } from './favor-attention.js';
export { ImpliedAttention, type ImpliedOptions } from './implied-attention.js';
export { KernelAttention, type KernelAttentionOptions } from './kernel-attention.js';
export { eluFeatures, LinearAttention, type LinearAttentionOptions } from './linear-attention.js';
export { type RandomFeaturesOptions, randomFeatures } from './random-features.js';

/** Every form whose time is linear in the length and whose weights are implied, in the order of docs/attention.md. */
export const approximateForms: readonly FormDeclaration[] = [linearAttentionForm, favorForm];
