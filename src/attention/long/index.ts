import type { FormDeclaration } from '../../nn/index.js';
import { blockwiseForm } from './blockwise.js';
import { gridWindowsForm } from './grid-windows.js';
import { localForm } from './local.js';
import { sparseTransformerForms } from './sparse-transformer.js';

export { BlockwiseAttention, type BlockwiseOptions } from './blockwise.js';
export { GridWindowAttention, type GridWindowsOptions } from './grid-windows.js';
export { LocalAttention, type LocalOptions } from './local.js';
export { FixedAttention, type FixedOptions, StridedAttention, type StridedOptions } from './sparse-transformer.js';

/** Every form for long sequences, in the order of docs/attention.md. */
export const longForms: readonly FormDeclaration[] = [blockwiseForm, localForm, ...sparseTransformerForms, gridWindowsForm];
