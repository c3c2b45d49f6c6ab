import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { logsumexp } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';
import { lower } from './forbid.js';
import { atTemperature } from './softmax.js';

export interface SinkhornOptions {
  /** Times that columns, then rows, are normalised; 20 by default. */
  readonly iterations?: number;
  /** τ; 1 by default. Towards 0 the weights become the best assignment of queries to keys, and need more iterations. */
  readonly temperature?: number;
}

/**
 * Doubly stochastic weights: e^{s_ij/τ}, columns and rows made to sum to the same in turn (Sinkhorn 1964; Mena et al. 2018,
 * eq. 1 and 4, whose S(X/τ) it is; Tay et al. 2020, "Sparse Sinkhorn Attention"). In logarithms, so that nothing overflows.
 * Every query gives 1, so every key takes T/S: 1 where there are as many queries as keys. With a mask, only queries and
 * keys that may meet someone count.
 * @throws value: iterations below 1, a temperature that is not positive
 */
export function sinkhorn({ iterations = 20, temperature = 1 }: SinkhornOptions = {}): Normaliser {
  const cooled = atTemperature('sinkhorn', temperature);
  if (!Number.isInteger(iterations) || iterations < 1) {
    const rule = 'a number of iterations, 1 or more';
    throw fail('value', { where: 'sinkhorn', rule, got: String(iterations) });
  }
  return (scores, { mask }) => {
    let logs = lower(cooled(scores), mask);
    for (let i = 0; i < iterations; i++) {
      logs = lower(logs.sub(logsumexp(logs, { axis: 2, keep: true })), mask);
      logs = lower(logs.sub(logsumexp(logs, { axis: 3, keep: true })), mask);
    }
    return logs.exp(); // e^−1e30, where the mask forbids, is zero
  };
}

export const sinkhornForm: FormDeclaration = {
  name: 'sinkhorn',
  formula: 'w = lim (rows, columns of e^{s/τ} normalised in turn)',
  paper: 'Sinkhorn 1964; Mena et al. 2018, eq. 1 and 4',
  time: 'n·T·S',
  memory: 'n·T·S',
  exact: false,
  // A key's other queries, later ones among them, decide what is left for this one.
  causal: 'no',
  cacheable: false,
  use: 'Soft matching: every query finds a key, every key a query.',
  file: 'src/attention/normalisers/sinkhorn.ts',
};
