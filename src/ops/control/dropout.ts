import { fail, type Shape } from '../../core/index.js';
import { randomMask } from '../leaves/random-mask.js';
import { isTraining } from '../scope.js';
import type { Tensor } from '../tensor.js';

/**
 * Dropout (Srivastava et al. 2014): while training, y = x∘m, m randomly 0 or 1/(1 − rate); else y = x.
 * The mask is a hash of (seed, module path, step, index), so a resumed run drops the same units.
 * @param rate in [0, 1)
 */
export function dropout(x: Tensor, rate: number): Tensor {
  const factor = dropoutFactor(x.shape, rate);
  return factor === undefined ? x : x.mul(factor);
}

/** What `dropout` multiplies a value of this shape with, for values that come in parts; undefined where nothing is dropped. */
export function dropoutFactor(shape: Shape, rate: number): Tensor | undefined {
  if (!(rate >= 0 && rate < 1)) throw fail('value', { where: 'dropout', rule: 'a rate in [0, 1)', got: String(rate) });
  if (rate === 0 || !isTraining()) return undefined;
  const mask = randomMask(shape, 1 - rate);
  if (mask === undefined) {
    throw fail('shape', { where: 'dropout', rule: 'all sizes are known while training', got: `[${shape}]` });
  }
  return mask;
}
