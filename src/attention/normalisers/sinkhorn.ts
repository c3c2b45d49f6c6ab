import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { currentPath, log, logsumexp, type Tensor } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';
import { lower, silence } from './forbid.js';
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
 * Every query gives 1, every key takes T/S, what all have in common: 1 where there are as many queries as keys. With a
 * mask, only queries and keys that may meet someone count.
 * @throws value: iterations below 1, a temperature that is not positive
 */
export function sinkhorn({ iterations = 20, temperature = 1 }: SinkhornOptions = {}): Normaliser {
  const cooled = atTemperature('sinkhorn', temperature);
  if (!Number.isInteger(iterations) || iterations < 1) {
    const rule = 'a number of iterations, 1 or more';
    throw fail('value', { where: 'sinkhorn', path: currentPath(), rule, got: String(iterations) });
  }
  return (scores, { mask }) => {
    const whole = mask?.expand(scores.shape);
    const share = log(keyShare(scores, whole));
    let logs = lower(cooled(scores), whole);
    for (let i = 0; i < iterations; i++) {
      const taken = logsumexp(logs, { axis: 2, keep: true });
      logs = lower(logs.sub(taken).add(share), whole);
      const given = logsumexp(logs, { axis: 3, keep: true });
      logs = lower(logs.sub(given), whole);
    }
    return silence(logs.exp(), whole);
  };
}

/** What each key takes: queries that may meet a key, over keys that may meet a query. Broadcasts to [B,H,1,1]. */
function keyShare(scores: Tensor, mask: Tensor | undefined): Tensor {
  const all = mask ?? scores.equal(scores);
  const meeting = (other: number): Tensor =>
    all
      .cast(scores.dtype)
      .max({ axis: other, keep: true })
      .sum({ axis: 5 - other, keep: true });
  return meeting(3).maximum(1).div(meeting(2).maximum(1));
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
