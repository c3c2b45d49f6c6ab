import type { FormDeclaration } from '../../nn/index.js';
import { groupedQueryForm } from '../grouped-query-attention.js';
import { multiHeadForm } from '../multi-head-attention.js';
import { differentialForm } from './differential-attention.js';
import { latentForm } from './latent-attention.js';
import { sigmoidGateForm } from './sigmoid-gate.js';
import { talkingHeadsForm } from './talking-heads.js';

export { DifferentialAttention, type DifferentialAttentionOptions } from './differential-attention.js';
export { LatentAttention, type LatentAttentionInputs, type LatentAttentionOptions, type LatentPast } from './latent-attention.js';
export { SigmoidGate, type SigmoidGateOptions } from './sigmoid-gate.js';
export { TalkingHeads, type TalkingHeadsOptions } from './talking-heads.js';

/** Every structure, in the order of docs/attention.md. */
export const structureForms: readonly FormDeclaration[] = [
  multiHeadForm,
  groupedQueryForm,
  latentForm,
  talkingHeadsForm,
  sigmoidGateForm,
  differentialForm,
];
