import type { HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';

/**
 * A weight's length and direction apart: w = g · v/‖v‖ for each filter (Salimans and Kingma 2016, "Weight Normalization",
 * eq. 2), so that the length of an update's effect does not depend on how long the filter has become.
 * @param direction v, [M,…] @param gain g, [M]
 */
export function normalised(direction: Tensor, gain: Tensor): Tensor {
  const rest = direction.shape.slice(1);
  const length = direction
    .mul(direction)
    .sum({ axis: rest.map((_, a) => a + 1), keep: true })
    .sqrt();
  return direction.mul(gain.reshape([-1, ...rest.map(() => 1)]).div(length));
}

/** The length of each filter. @param weight [M,…] @returns [M] */
export function lengths({ shape, data }: HostArray): Float32Array {
  const [filters] = shape as [number];
  const size = data.length / filters;
  const squares = new Float64Array(filters);
  (data as Float32Array).forEach((v, i) => {
    const filter = Math.floor(i / size);
    squares[filter] = (squares[filter] as number) + v * v;
  });
  return Float32Array.from(squares, Math.sqrt);
}
