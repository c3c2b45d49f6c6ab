import type { TokenBatch } from '../datasets/index.js';

/** The rows of a batch that a lane computes. */
export function laneOf(batch: TokenBatch, lane: number, lanes: number): TokenBatch {
  if (lanes === 1) return batch;
  const part = (values: Int32Array): Int32Array => {
    const size = values.length / lanes;
    return values.slice(lane * size, (lane + 1) * size);
  };
  return Object.fromEntries(Object.entries(batch).map(([name, values]) => [name, part(values as Int32Array)])) as unknown as TokenBatch;
}
