import { cast, type Tensor } from '../../ops/index.js';

/**
 * Which block of `size` neighbouring positions a position lies in: ⌊p / size⌋.
 * @param positions int32, 0 or more
 */
export function blockOf(positions: Tensor, size: number): Tensor {
  // Integers have no division; half a position keeps the quotient away from whole numbers, however a device rounds.
  return cast(cast(positions, 'float32').add(0.5).div(size), 'int32');
}

/**
 * Where in its block a position lies: p mod size.
 * @param positions int32, 0 or more
 */
export function withinBlock(positions: Tensor, size: number): Tensor {
  return positions.sub(blockOf(positions, size).mul(size));
}
