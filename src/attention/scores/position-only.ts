import type { Dim } from '../../core/index.js';
import { type FormDeclaration, Module } from '../../nn/index.js';
import { after, type Tensor } from '../../ops/index.js';
import { type Bias, type Part, partFunction } from '../parts.js';
import type { Places } from '../places.js';

/**
 * s_ij = b(i, j): scores by where queries and keys stand, whatever they are (Cordonnier et al. 2020, eq. 9 with W_qry =
 * W_key = 0). What a head gathers is then a convolution, whose kernel is the pattern: with k² heads any k × k kernel.
 */
export class PositionOnlyScore extends Module {
  readonly bias: Part<Bias>;

  /** @param bias what the scores are: `new QuadraticGridBias(…)`, `new LearnedDistanceBias(…)`, `distanceBias(…)` */
  constructor(bias: Part<Bias>) {
    super();
    this.bias = bias;
  }

  /** @param query [B,H,T,D] and @param key [B,K,S,D], only their sizes count @returns [B,H,T,S] */
  forward(query: Tensor, key: Tensor, places: Places): Tensor {
    const [batch, heads, queries] = query.shape as [Dim, Dim, Dim];
    // Nothing is computed of queries and keys, yet they stay in the graph: their sites can be captured as of any form.
    const scores = after(after(partFunction(this.bias)(places), query), key);
    return scores.expand([batch, heads, queries, key.shape[2] as Dim]);
  }
}

export const positionOnlyForm: FormDeclaration = {
  name: 'PositionOnlyScore',
  formula: 's_ij = b(i, j)',
  paper: 'Cordonnier et al. 2020, eq. 9',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Heads that are convolutions; telling what content adds to position.',
  file: 'src/attention/scores/position-only.ts',
};
