import type { FormDeclaration } from '../../nn/index.js';
import { groupedQueryForm } from '../grouped-query-attention.js';
import { multiHeadForm } from '../multi-head-attention.js';

/** Every structure, in the order of docs/attention.md. */
export const structureForms: readonly FormDeclaration[] = [multiHeadForm, groupedQueryForm];
