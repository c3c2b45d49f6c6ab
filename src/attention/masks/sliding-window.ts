import type { Dim } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { cast, iota, type Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { distance } from '../places.js';
import { maskCosts } from './costs.js';
import { wholeNumber } from './whole-number.js';

/**
 * Keys less than `window` away, on both sides: |i − j| < w (Beltagy et al. 2020, Longformer, section 3.1; their window
 * counts both sides, so it is 2w − 1). With the causal mask, the last w tokens up to the query (Jiang et al. 2023,
 * Mistral 7B, section 2).
 * @example and(causal, slidingWindow(4096))
 * @throws value: a window below 1
 */
export function slidingWindow(window: number): Mask {
  wholeNumber('slidingWindow', 'window', window, 1);
  return (places) => {
    const behind = distance(places);
    return behind.less(window).logicalAnd(behind.greater(-window));
  };
}

/**
 * The causal side of a window over T tokens, as a value: i − j < window. Meant to stand with the causal mask.
 * @returns [T,T] bool, true = attend
 * @throws value: a window below 1
 */
export function windowMask(length: Dim, window: number): Tensor {
  wholeNumber('windowMask', 'window', window, 1);
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
 * @throws value: a window below 1
 */
export function pastWindowMask(filled: Tensor, length: Dim, window: number): Tensor {
  wholeNumber('pastWindowMask', 'window', window, 1);
  const [batch, capacity] = filled.shape as [Dim, Dim];
  const back = cast(filled, 'int32').cumsum(1, { reverse: true }); // from the first new token
  return back
    .reshape([batch, 1, 1, capacity])
    .add(iota(length).reshape([length, 1]))
    .less(window);
}

export const slidingWindowForm: FormDeclaration = {
  name: 'slidingWindow',
  formula: '|i − j| < w',
  paper: 'Beltagy et al. 2020 (Longformer), section 3.1; Jiang et al. 2023 (Mistral 7B), section 2',
  ...maskCosts,
  causal: 'mask',
  cacheable: true,
  use: 'Near context only: layers stacked on each other still reach far.',
  file: 'src/attention/masks/sliding-window.ts',
};
