import type { Dim } from '../../core/index.js';
import { cast, iota, type Tensor } from '../../ops/index.js';

/**
 * The mask of a sliding window (Jiang et al. 2023, Mistral 7B, section 2): of the tokens up to itself, a query attends to
 * the last `window`. Meant to stand with the causal mask: i − j < window.
 * @returns [T,T] bool, true = attend
 */
export function windowMask(length: Dim, window: number): Tensor {
  const positions = iota(length);
  return positions
    .reshape([length, 1])
    .sub(positions.reshape([1, length]))
    .less(window);
}

/**
 * The same window over a memory of earlier tokens. How far back a slot lies is counted over the slots that hold a token,
 * so that holes in the memory are no distance.
 * @param filled [B,P] bool, true where the memory holds a token, in the order of the text @param length T, of the new tokens
 * @returns [B,1,T,P] bool, true = attend
 */
export function pastWindowMask(filled: Tensor, length: Dim, window: number): Tensor {
  const [batch, capacity] = filled.shape as [Dim, Dim];
  const back = cast(filled, 'int32').cumsum(1, { reverse: true }); // from the first new token
  return back
    .reshape([batch, 1, 1, capacity])
    .add(iota(length).reshape([length, 1]))
    .less(window);
}
