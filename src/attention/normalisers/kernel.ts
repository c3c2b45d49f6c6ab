import type { FormDeclaration } from '../../nn/index.js';
import { cast, where } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';

/**
 * w_ij = κ_ij / Σ_k κ_ik over the keys the mask allows: scores that are a positive kernel become weights (Nadaraya 1964;
 * Tsai et al. 2019, eq. 2). Of the exponential kernel it makes softmax's weights. A row of zeros stays zero.
 */
export const kernelNormaliser: Normaliser = (scores, { mask }) => {
  const allowed = mask === undefined ? scores : where(mask, scores, 0);
  const total = allowed.sum({ axis: -1, keep: true });
  // Where nothing may be attended to, zeros are divided by 1.
  return allowed.div(total.add(cast(total.equal(0), total.dtype)));
};

export const kernelNormaliserForm: FormDeclaration = {
  name: 'kernelNormaliser',
  formula: 'w_ij = κ_ij / Σ_k κ_ik',
  paper: 'Nadaraya 1964; Tsai et al. 2019, eq. 2',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Scores that are a positive kernel already.',
  file: 'src/attention/normalisers/kernel.ts',
};
