import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { log, sigmoid, type Tensor } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';
import { silence } from './forbid.js';

export interface SigmoidNormaliserOptions {
  /** b: a number, or `keys`, −ln of how many keys the query may attend to, so that weights sum to about 1; `keys` by default. */
  readonly bias?: number | 'keys';
}

/**
 * w_ij = σ(s_ij + b): every key for itself, no competition (Ramapuram et al. 2024, eq. 3, with b = −ln n of their section
 * 3.1, where n is the length of the text). Counting the keys that are allowed gives that n without a mask, and the same
 * weights in a padded batch or with a cache as alone. Weights do not sum to 1.
 * @throws value: a bias that is no finite number
 */
export function sigmoidNormaliser({ bias = 'keys' }: SigmoidNormaliserOptions = {}): Normaliser {
  if (bias !== 'keys' && !Number.isFinite(bias)) {
    const rule = "a bias that is a finite number or 'keys'";
    throw fail('value', { where: 'sigmoidNormaliser', rule, got: String(bias) });
  }
  return (scores, { mask }) => {
    const shifted = bias === 0 ? scores : bias === 'keys' ? scores.sub(log(allowedKeys(scores, mask))) : scores.add(bias);
    return silence(sigmoid(shifted), mask);
  };
}

/** How many keys each query may attend to, at least 1; broadcasts to [B,H,T,1]. */
function allowedKeys(scores: Tensor, mask: Tensor | undefined): Tensor {
  const all = mask?.expand(scores.shape) ?? scores.equal(scores);
  return all.cast(scores.dtype).sum({ axis: 3, keep: true }).maximum(1);
}

export const sigmoidForm: FormDeclaration = {
  name: 'sigmoidNormaliser',
  formula: 'w_ij = σ(s_ij + b)',
  paper: 'Ramapuram et al. 2024, eq. 3',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Keys that do not compete; no pass over a row is needed before its first weight.',
  file: 'src/attention/normalisers/sigmoid.ts',
};
