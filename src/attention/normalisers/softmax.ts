import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { softmax, type Tensor } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';

export interface SoftmaxNormaliserOptions {
  /** τ: below 1 sharpens, above 1 flattens; 1 by default. */
  readonly temperature?: number;
}

/**
 * w_ij = e^{s_ij/τ} / Σ_k e^{s_ik/τ} over the keys the mask allows (Vaswani et al. 2017, eq. 1; the temperature is Hinton
 * et al. 2015, eq. 1). A query with no key allowed has weights zero.
 * @throws value: a temperature that is not positive
 */
export function softmaxNormaliser({ temperature = 1 }: SoftmaxNormaliserOptions = {}): Normaliser {
  const cooled = atTemperature('softmaxNormaliser', temperature);
  return (scores, { mask, everyQueryAttends }) => softmax(cooled(scores), { mask, everyRowAttends: everyQueryAttends });
}

/**
 * Divides scores by a temperature.
 * @throws value: one that is not positive
 */
export function atTemperature(where: string, temperature: number): (scores: Tensor) => Tensor {
  if (!(temperature > 0) || !Number.isFinite(temperature)) {
    throw fail('value', {
      where,
      rule: 'a temperature above 0',
      got: String(temperature),
      fix: 'For its limit at 0, take hardNormaliser()',
    });
  }
  return (scores) => (temperature === 1 ? scores : scores.mul(1 / temperature));
}

export const softmaxForm: FormDeclaration = {
  name: 'softmaxNormaliser',
  formula: 'w_ij = e^{s_ij/τ} / Σ_k e^{s_ik/τ}',
  paper: 'Vaswani et al. 2017, eq. 1; Hinton et al. 2015, eq. 1 (temperature)',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'The usual choice: every weight positive, rows that sum to 1.',
  file: 'src/attention/normalisers/softmax.ts',
};
