import type { FormDeclaration } from '../../nn/index.js';
import { dotProductForms } from './dot-product.js';

export { type DotProductOptions, dotProductScore, scaledDotProductScore, softCapped } from './dot-product.js';

/** Every score, in the order of docs/attention.md. */
export const scoreForms: readonly FormDeclaration[] = [...dotProductForms];
