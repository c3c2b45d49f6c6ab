import type { FormDeclaration } from '../../nn/index.js';
import { blockwiseForm } from './blockwise.js';

export { BlockwiseAttention, type BlockwiseOptions } from './blockwise.js';

/** Every form for long sequences, in the order of docs/attention.md. */
export const longForms: readonly FormDeclaration[] = [blockwiseForm];
