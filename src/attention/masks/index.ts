import type { FormDeclaration } from '../../nn/index.js';
import { causalForm } from './causal.js';
import { documentsForm } from './documents.js';

export { causal, causalMask } from './causal.js';
export { documentMask } from './documents.js';
export { pastWindowMask, windowMask } from './sliding-window.js';

/** Every mask, in the order of docs/attention.md. */
export const maskForms: readonly FormDeclaration[] = [causalForm, documentsForm];
