import type { FormDeclaration } from '../../nn/index.js';
import { retentionForm } from './retention.js';
import { retentionGateForm } from './retention-gate.js';

export { Retention, type RetentionOptions } from './retention.js';
export { RetentionGate, type RetentionGateOptions } from './retention-gate.js';

/** Retention and what belongs to it, in the order of docs/attention.md. */
export const retentionForms: readonly FormDeclaration[] = [retentionForm, retentionGateForm];
