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

/** Key heads as many as query heads, each repeated for its group: [B,K,S,·] → [B,H,S,·]. For what is no product of rows. */
export function repeatHeads(shared: Tensor, heads: number): Tensor {
  const [batch, groups, length, width] = shared.shape as [Dim, number, Dim, Dim];
  if (groups === heads) return shared;
  const each = shared.reshape([batch, groups, 1, length, width]).expand([batch, groups, heads / groups, length, width]);
  return each.reshape([batch, heads, length, width]);
}
