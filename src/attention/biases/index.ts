import type { FormDeclaration } from '../../nn/index.js';

/** Every bias, in the order of docs/attention.md. */
export const biasForms: readonly FormDeclaration[] = [];
