import { type Dim, multiplyDims } from '../../core/index.js';
import { concat, ones, type Tensor, where } from '../../ops/index.js';
import { distance, placesOf } from '../places.js';

/** Values with a column of ones, so that one product gives the weighted sum and the weights' own sum: [B,H,S,D'+1]. */
export function withOnes(value: Tensor): Tensor {
  return concat([value, ones([...value.shape.slice(0, -1), 1], value.dtype)], 3);
}

/** Weighted sums and their weights, [B,H,T,D'+1], to averages [B,H,T,D']; zeros where all weights are zero. */
export function averages(sums: Tensor): Tensor {
  const width = (sums.shape[3] as number) - 1;
  const [total, weight] = sums.split([width, 1], 3) as [Tensor, Tensor];
  return total.div(where(weight.equal(0), 1, weight));
}

/** Rows divided by their sums: [B,H,T,S]; zeros where a row is zero. */
export function rowsToOne(x: Tensor): Tensor {
  const sum = x.sum({ axis: 3, keep: true });
  return x.div(where(sum.equal(0), 1, sum));
}

/** 1 where key j ≤ query i, else 0: [T,T] float32. */
export function lowerTriangle(length: Dim): Tensor {
  return distance(placesOf(length, length)).greaterEqual(0).cast('float32');
}

/** Sequences cut into pieces: [B,H,T,M] → [B,H,N,c,M], the last one filled with zeros. */
export function inChunks(x: Tensor, chunk: number): Tensor {
  const [batch, heads, length, width] = x.shape as [Dim, Dim, number, Dim];
  const count = Math.ceil(length / chunk);
  const missing = count * chunk - length;
  const none = [0, 0] as const;
  const filled = missing === 0 ? x : x.pad([none, none, [0, missing], none]);
  return filled.reshape([batch, heads, count, chunk, width]);
}

/** Pieces put together again: [B,H,N,c,M] → [B,H,T,M]. */
export function fromChunks(x: Tensor, length: number): Tensor {
  const [batch, heads, count, chunk, width] = x.shape as [Dim, Dim, number, number, Dim];
  const rows = x.reshape([batch, heads, multiplyDims(count, chunk), width]);
  return count * chunk === length ? rows : rows.slice([null, null, [0, length]]);
}

/**
 * Σ_{j ≤ i} (q_i·k_j) v_j in time and memory linear in T: within a chunk by its pairs, of the chunks before it by the sum
 * of their k ⊗ v, which is a running sum over chunks.
 * @param query, key [B,H,T,M], features @param value [B,H,T,W] @returns [B,H,T,W]
 */
export function causalSums(query: Tensor, key: Tensor, value: Tensor, chunk: number): Tensor {
  const length = query.shape[2] as number;
  const size = Math.min(chunk, length);
  const [q, k, v] = [query, key, value].map((x) => inChunks(x, size)) as [Tensor, Tensor, Tensor];
  const within = q.matmul(k, { transposeB: true }).mul(lowerTriangle(size)).matmul(v);
  const before = k.matmul(v, { transposeA: true }).cumsum(2, { exclusive: true }); // [B,H,N,M,W]
  return fromChunks(within.add(q.matmul(before)), length);
}
