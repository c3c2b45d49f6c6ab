import type { FormDeclaration } from '../../nn/index.js';
import { relu, sqrt, square, where } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';
import { silence } from './forbid.js';
import { above, largestFirst, rowTop, sizeOfSupport, sumOver } from './sparse-support.js';

/**
 * 1.5-entmax, half way between softmax and sparsemax: w_ij = max(s_ij/2 − τ_i, 0)², with τ_i such that Σ_j w_ij = 1
 * (Peters, Niculae and Martins 2019, eq. 10 with α = 1.5, and algorithm 2, which is exact; their z is our s).
 *
 * Over the n largest of z = s/2, with mean M and sum of squared deviations V, the threshold would be M − √((1 − V)/n); n is
 * the number of those that are not below theirs. The gradient passes through the support alone.
 */
export function entmax15(): Normaliser {
  return (scores, { mask }) => {
    const half = scores.mul(0.5);
    const found = largestFirst('entmax15', half, mask);
    const { sorted, counts } = found;
    const mean = sorted.cumsum(3).div(counts);
    const deviations = square(sorted).cumsum(3).sub(square(mean).mul(counts));
    const thresholds = mean.sub(sqrt(relu(deviations.neg().add(1).div(counts))));
    const size = thresholds.lessEqual(sorted).cast(scores.dtype).sum({ axis: 3, keep: true });
    const threshold = where(counts.equal(size), thresholds, 0).sum({ axis: 3, keep: true });
    const support = above(found, threshold, mask);
    // Once more over the support, as a function of the scores that can be differentiated. Under the root stands
    // (M − τ)² ≥ 1/n², for the roots of the weights, each at most 1, sum to at least 1.
    const z = half.sub(rowTop(half, mask));
    const n = sizeOfSupport(support, scores);
    const m = sumOver(support, z).div(n);
    const v = sumOver(support, square(where(support, z.sub(m), 0)));
    const tau = m.sub(sqrt(v.neg().add(1).div(n)));
    return silence(square(relu(where(support, z.sub(tau), 0))), support);
  };
}

export const entmax15Form: FormDeclaration = {
  name: 'entmax15',
  formula: 'w_ij = max(s_ij/2 − τ_i, 0)², Σ_j w_ij = 1',
  paper: 'Peters, Niculae and Martins 2019, eq. 10 and algorithm 2',
  time: 'T·S·log S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Sparse as sparsemax, smooth as softmax.',
  file: 'src/attention/normalisers/entmax.ts',
};
