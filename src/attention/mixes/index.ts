import type { FormDeclaration } from '../../nn/index.js';
import { relativeValuesForm } from './relative-values.js';
import { weightedSumForm } from './weighted-sum.js';

export { RelativeValues } from './relative-values.js';
export { weightedSum } from './weighted-sum.js';

/** Every mix, in the order of docs/attention.md. */
export const mixForms: readonly FormDeclaration[] = [weightedSumForm, relativeValuesForm];
