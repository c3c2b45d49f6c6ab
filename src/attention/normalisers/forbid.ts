import { type Tensor, where } from '../../ops/index.js';

/** Finite, so that a query with nothing to attend to stays finite until its weights are made zero. */
const forbidden = -1e30;

/** Scores that the mask forbids, far below all others; no gradient reaches them. */
export function lower(scores: Tensor, mask: Tensor | undefined, to = forbidden): Tensor {
  return mask === undefined ? scores : where(mask, scores, to);
}

/** Weights that the mask forbids, exactly zero; no gradient passes them. */
export function silence(weights: Tensor, mask: Tensor | undefined): Tensor {
  return mask === undefined ? weights : where(mask, weights, 0);
}
