import type { Dim } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { placesOf } from '../places.js';
import { maskCosts } from './costs.js';

/** Query i may attend to key j when j ≤ i (Vaswani et al. 2017, section 3.2.3). */
export const causal: Mask = ({ query, key }) => key.lessEqual(query);

/**
 * The causal mask of T tokens.
 * @returns [T,T] bool, true = attend
 */
export function causalMask(length: Dim): Tensor {
  return causal(placesOf(length, length));
}

export const causalForm: FormDeclaration = {
  name: 'causal',
  formula: 'j ≤ i',
  paper: 'Vaswani et al. 2017, section 3.2.3',
  ...maskCosts,
  causal: 'yes',
  cacheable: true,
  use: 'Language models: nothing later is seen.',
  file: 'src/attention/masks/causal.ts',
};
