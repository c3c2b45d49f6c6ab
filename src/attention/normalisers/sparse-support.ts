import { fail } from '../../core/index.js';
import { arange, stopGradient, type Tensor, topK, where } from '../../ops/index.js';
import { lower } from './forbid.js';

/** No key this far below the best has weight in sparsemax or 1.5-entmax, whose threshold is at most 1 below the best. */
const outOfReach = -2;

export interface LargestFirst {
  /** The scores less each query's largest allowed one; what is forbidden or out of reach stands at −2. [B,H,T,S] */
  readonly shifted: Tensor;
  /** The same in falling order: z₍₁₎ ≥ z₍₂₎ ≥ …. [B,H,T,S] */
  readonly sorted: Tensor;
  /** 1, 2, …, S: how many are summed up to each. [S] */
  readonly counts: Tensor;
}

/**
 * What the sparse normalisers find their supports with. No gradient comes of it: which keys are in a support does not
 * change with a small change of scores.
 * @param scores [B,H,T,S]
 * @throws unsupported: a number of keys that is not known when the program is made
 */
export function largestFirst(name: string, scores: Tensor, mask: Tensor | undefined): LargestFirst {
  const keys = scores.shape[3];
  if (typeof keys !== 'number') {
    throw fail('unsupported', {
      where: name,
      rule: 'a number of keys that is known when the program is made, for they are sorted',
      got: String(keys),
      fix: 'Give the program a fixed length',
    });
  }
  const constantScores = stopGradient(scores);
  const shifted = lower(constantScores.sub(rowTop(constantScores, mask)), mask, outOfReach).maximum(outOfReach);
  return { shifted, sorted: topK(shifted, keys, 3)[0], counts: arange(keys, 'int32').add(1).cast(scores.dtype) };
}

/** The largest allowed score of each query, as a constant to differentiation. [B,H,T,1] */
export function rowTop(scores: Tensor, mask: Tensor | undefined): Tensor {
  return lower(stopGradient(scores), mask).max({ axis: 3, keep: true });
}

/** The keys above a threshold, those that the mask forbids excepted; bool [B,H,T,S] */
export function above({ shifted }: LargestFirst, threshold: Tensor, mask: Tensor | undefined): Tensor {
  const support = shifted.greater(threshold);
  return mask === undefined ? support : support.logicalAnd(mask);
}

/** Σ over the support; [B,H,T,1] */
export function sumOver(support: Tensor, x: Tensor): Tensor {
  return where(support, x, 0).sum({ axis: 3, keep: true });
}

/** How many keys the support has, at least 1, so that one may divide by it; [B,H,T,1] */
export function sizeOfSupport(support: Tensor, like: Tensor): Tensor {
  return support.cast(like.dtype).sum({ axis: 3, keep: true }).maximum(1);
}
