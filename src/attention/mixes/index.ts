import type { FormDeclaration } from '../../nn/index.js';
import { weightedSumForm } from './weighted-sum.js';

export { weightedSum } from './weighted-sum.js';

/** Every mix, in the order of docs/attention.md. */
export const mixForms: readonly FormDeclaration[] = [weightedSumForm];
