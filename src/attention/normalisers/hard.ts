import type { Dim } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { iota, softmax, stopGradient } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';
import { lower, silence } from './forbid.js';
import { atTemperature } from './softmax.js';

/**
 * w_ij = 1 at the key with the largest score, the first among equals, else 0 (Xu et al. 2015, section 4.1, "hard attention",
 * which draws the key; this takes the best). It has no gradient of its own: backwards it is softmax(s/τ), the
 * straight-through estimator (Bengio et al. 2013, section 4; Jang et al. 2017, section 2.2).
 * @throws value: a temperature that is not positive
 */
export function hardNormaliser({ temperature = 1 }: { readonly temperature?: number } = {}): Normaliser {
  const cooled = atTemperature('hardNormaliser', temperature);
  return (scores, { mask, everyQueryAttends }) => {
    const best = lower(stopGradient(scores), mask)
      .argmax(3, { keep: true })
      .equal(iota(scores.shape[3] as Dim));
    const soft = softmax(cooled(scores), { mask, everyRowAttends: everyQueryAttends });
    // soft − soft is exactly zero, which one + soft − soft, added from the left, need not be.
    return silence(best.cast(scores.dtype), mask).add(soft.sub(stopGradient(soft)));
  };
}

export const hardForm: FormDeclaration = {
  name: 'hardNormaliser',
  formula: 'w_ij = [j = argmax_k s_ik], ∂w = ∂softmax(s/τ)',
  paper: 'Xu et al. 2015, section 4.1; Bengio et al. 2013, section 4 (straight-through)',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'One key a query: look-ups, and programs that are read as rules.',
  file: 'src/attention/normalisers/hard.ts',
};
