import { type Dim, multiplyDims } from '../core/index.js';
import type { Tensor } from '../ops/index.js';

/**
 * A product of query heads with the key or value head they share (Ainslie et al. 2023, grouped queries). Heads of a group
 * lie side by side, so their rows are the rows of one taller matrix, and nothing is copied: [B,H,T,·] is [B,K,H/K·T,·].
 */
export function perGroup(x: Tensor, shared: Tensor, product: (rows: Tensor) => Tensor): Tensor {
  const [batch, heads, length, width] = x.shape as [Dim, number, Dim, Dim];
  const groups = shared.shape[1] as number;
  const y = product(x.reshape([batch, groups, multiplyDims(heads / groups, length), width]));
  return y.reshape([batch, heads, length, y.shape[3] as Dim]);
}
