import type { FormDeclaration } from '../../nn/index.js';
import { matmul } from '../../ops/index.js';
import { perGroup } from '../groups.js';
import type { Mix } from '../parts.js';

/** o_i = Σ_j w_ij v_j (Bahdanau et al. 2014, eq. 5; Vaswani et al. 2017, eq. 1). */
export const weightedSum: Mix = (weights, value) => perGroup(weights, value, (rows) => matmul(rows, value));

export const weightedSumForm: FormDeclaration = {
  name: 'weightedSum',
  formula: 'o_i = Σ_j w_ij v_j',
  paper: 'Bahdanau et al. 2014, eq. 5',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'The usual mix.',
  file: 'src/attention/mixes/weighted-sum.ts',
};
