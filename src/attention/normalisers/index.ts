import type { FormDeclaration } from '../../nn/index.js';
import { kernelNormaliserForm } from './kernel.js';
import { softmaxForm } from './softmax.js';

export { kernelNormaliser } from './kernel.js';
export { softmaxNormaliser } from './softmax.js';

/** Every normaliser, in the order of docs/attention.md. */
export const normaliserForms: readonly FormDeclaration[] = [softmaxForm, kernelNormaliserForm];
