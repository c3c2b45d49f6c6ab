import type { FormDeclaration } from '../../nn/index.js';
import { relu } from '../../ops/index.js';
import type { Normaliser } from '../parts.js';
import { silence } from './forbid.js';
import { above, largestFirst, rowTop, sizeOfSupport, sumOver } from './sparse-support.js';

/**
 * w_ij = max(s_ij − τ_i, 0), with τ_i such that Σ_j w_ij = 1: the point of the simplex that is nearest to the scores, with
 * exact zeros (Martins and Astudillo 2016, eq. 2 and algorithm 1; their z is our s).
 *
 * τ is the largest of (Σ_{k ≤ n} s₍ₖ₎ − 1)/n over n, s₍ₖ₎ the scores in falling order: it rises with n as long as s₍ₙ₎ is
 * above it, and falls from there on. The gradient passes through the support alone, as its mean less (their eq. 14).
 */
export function sparsemax(): Normaliser {
  return (scores, { mask }) => {
    const found = largestFirst('sparsemax', scores, mask);
    const threshold = found.sorted.cumsum(3).sub(1).div(found.counts).max({ axis: 3, keep: true });
    const support = above(found, threshold, mask);
    // Once more over the support, as a function of the scores that can be differentiated.
    const z = scores.sub(rowTop(scores, mask));
    const tau = sumOver(support, z).sub(1).div(sizeOfSupport(support, scores));
    return silence(relu(z.sub(tau)), support);
  };
}

export const sparsemaxForm: FormDeclaration = {
  name: 'sparsemax',
  formula: 'w_ij = max(s_ij − τ_i, 0), Σ_j w_ij = 1',
  paper: 'Martins and Astudillo 2016, eq. 2',
  time: 'T·S·log S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Few keys with weight, the others exactly without: patterns that can be read.',
  file: 'src/attention/normalisers/sparsemax.ts',
};
