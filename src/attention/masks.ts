import type { Dim } from '../core/index.js';
import { iota, type Tensor } from '../ops/index.js';

/**
 * The causal mask: query i may attend to key j when j ≤ i (Vaswani et al. 2017, section 3.2.3).
 * @returns [T,T] bool, true = attend
 */
export function causalMask(length: Dim): Tensor {
  const positions = iota(length);
  return positions.reshape([1, length]).lessEqual(positions.reshape([length, 1]));
}
