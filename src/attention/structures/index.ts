import type { FormDeclaration } from '../../nn/index.js';

/** Every structure, in the order of docs/attention.md. */
export const structureForms: readonly FormDeclaration[] = [];
