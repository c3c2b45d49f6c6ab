import type { FormDeclaration } from '../form.js';
import { mambaForm } from './mamba.js';
import { selectiveScanForm } from './selective-scan.js';

export { discretise, type InputRule } from './discretise.js';
export { Mamba, type MambaOptions, type MambaState } from './mamba.js';
export { type SelectiveInputs, type SelectiveScanOptions, selectivePattern, selectiveScan } from './selective-scan.js';

/** State spaces in the place of attention, in the order of docs/attention.md. */
export const stateSpaceForms: readonly FormDeclaration[] = [selectiveScanForm, mambaForm];
