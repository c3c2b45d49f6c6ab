import { type Dim, fail } from '../core/index.js';
import { dropout, isTraining, ones, type Tensor } from '../ops/index.js';

/**
 * Stochastic depth (Huang et al. 2016, "Deep Networks with Stochastic Depth", eq. 2; their 1 − p_ℓ is our rate): while
 * training, each sample's branch is dropped as a whole with probability `rate`, and what is kept is scaled by 1/(1 − rate),
 * so that nothing changes on average; else y = x. Meant for a branch before its residual sum: `x.add(dropPath(f(x), 0.1))`.
 * Which samples are dropped is a hash of (seed, module path, step, sample), so a resumed run drops the same.
 * @param x [B,…] @param rate in [0, 1) @returns as x
 * @throws value: a rate outside its range; shape: an x without axes, or a batch whose size is not known while training
 */
export function dropPath(x: Tensor, rate: number): Tensor {
  if (!(rate >= 0 && rate < 1)) throw fail('value', { where: 'dropPath', rule: 'a rate in [0, 1)', got: String(rate) });
  if (x.rank === 0) throw fail('shape', { where: 'dropPath', rule: 'an axis of samples', got: '[]' });
  if (rate === 0 || !isTraining()) return x;
  return x.mul(dropout(ones([x.shape[0] as Dim, ...x.shape.slice(1).map(() => 1)], x.dtype), rate));
}
