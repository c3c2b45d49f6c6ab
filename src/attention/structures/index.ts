import type { FormDeclaration } from '../../nn/index.js';
import { groupedQueryForm } from '../grouped-query-attention.js';
import { multiHeadForm } from '../multi-head-attention.js';
import { multiQueryForm } from '../multi-query-attention.js';
import { axialForm } from './axial-attention.js';
import { columnForm } from './column-attention.js';
import { differentialForm } from './differential-attention.js';
import { latentForm } from './latent-attention.js';
import { outerProductMeanForm } from './outer-product-mean.js';
import { pairBiasForm } from './pair-bias-attention.js';
import { sigmoidGateForm } from './sigmoid-gate.js';
import { talkingHeadsForm } from './talking-heads.js';
import { triangleAttentionForm } from './triangle-attention.js';
import { triangleMultiplicationForm } from './triangle-multiplication.js';

export { AxialAttention, type AxialAttentionInputs, type AxialAttentionOptions } from './axial-attention.js';
export { ColumnAttention } from './column-attention.js';
export { DifferentialAttention, type DifferentialAttentionOptions } from './differential-attention.js';
export { LatentAttention, type LatentAttentionInputs, type LatentAttentionOptions, type LatentPast } from './latent-attention.js';
export { OuterProductMean, type OuterProductMeanOptions } from './outer-product-mean.js';
export { PairBiasAttention, type PairBiasAttentionOptions } from './pair-bias-attention.js';
export { SigmoidGate, type SigmoidGateOptions } from './sigmoid-gate.js';
export { TalkingHeads, type TalkingHeadsOptions } from './talking-heads.js';
export { TriangleAttention, type TriangleAttentionOptions } from './triangle-attention.js';
export { TriangleMultiplication, type TriangleMultiplicationOptions } from './triangle-multiplication.js';

/** Every structure, in the order of docs/attention.md. */
export const structureForms: readonly FormDeclaration[] = [
  multiHeadForm,
  multiQueryForm,
  groupedQueryForm,
  latentForm,
  talkingHeadsForm,
  sigmoidGateForm,
  differentialForm,
  axialForm,
  pairBiasForm,
  columnForm,
  triangleAttentionForm,
  triangleMultiplicationForm,
  outerProductMeanForm,
];
