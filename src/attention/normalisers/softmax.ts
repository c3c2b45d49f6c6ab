import type { FormDeclaration } from '../../nn/index.js';
import { softmax } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';

/** w_ij = e^{s_ij} / Σ_k e^{s_ik} over the keys the mask allows (Vaswani et al. 2017, eq. 1). */
export function softmaxNormaliser(): Normaliser {
  return (scores, { mask, everyQueryAttends }) => softmax(scores, { mask, everyRowAttends: everyQueryAttends });
}

export const softmaxForm: FormDeclaration = {
  name: 'softmaxNormaliser',
  formula: 'w_ij = e^{s_ij} / Σ_k e^{s_ik}',
  paper: 'Vaswani et al. 2017, eq. 1',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'The usual choice: every weight positive, rows that sum to 1.',
  file: 'src/attention/normalisers/softmax.ts',
};
