import { type Dim, fail, HostArray, multiplyDims } from '../core/index.js';
import { clip, constant, gather, matmul, pad, scatterAlong, slice, type Tensor, takeAlong, zeros } from '../ops/index.js';
import type { Places } from './places.js';

/**
 * Offsets j − i of keys from queries that have a row of their own in a table, both ends included; an offset beyond counts as
 * the nearest end (Shaw et al. 2018, eq. 4–5, whose clipping distance k is −from and to). Row n is offset from + n.
 */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** The range of offsets from −behind to ahead. @throws value: ends that are not whole numbers from 0 */
export function offsetRange(behind: number, ahead: number, where: string): OffsetRange {
  for (const [name, end] of Object.entries({ behind, ahead })) {
    if (Number.isInteger(end) && end >= 0) continue;
    throw fail('value', { where, rule: `a whole number of tokens ${name}, 0 or more`, got: String(end) });
  }
  return { from: -behind, to: ahead };
}

/** Number of offsets in a range. */
export function offsetCount({ from, to }: OffsetRange): number {
  return to - from + 1;
}

/** T and S where queries and keys are side by side and their numbers known: then offset j − i is a shift of each row. */
function sideBySide({ query, key, consecutive }: Places): readonly [number, number] | undefined {
  const [queries, keys] = [query.shape.at(-2), key.shape.at(-1)];
  return consecutive && typeof queries === 'number' && typeof keys === 'number' ? [queries, keys] : undefined;
}

/** The offsets −T … S−1 that `toPairs` counts by where queries and keys are side by side; nothing elsewhere. */
export function offsetsSideBySide(places: Places): number[] | undefined {
  const lengths = sideBySide(places);
  return lengths && Array.from({ length: lengths[0] + lengths[1] }, (_, n) => n - lengths[0]);
}

/**
 * The rows of a table that `toPairs` and `toOffsets` count by: those of offsets −T … S−1 where queries and keys are side by
 * side, the whole table otherwise.
 * @param table [N,D] or [H,N,D] @returns [N′,D] or [H,N′,D]
 */
export function rowsByOffset(table: Tensor, range: OffsetRange, places: Places): Tensor {
  const offsets = offsetsSideBySide(places);
  if (offsets === undefined) return table;
  const rows = Int32Array.from(offsets, (offset) => Math.min(range.to, Math.max(range.from, offset)) - range.from);
  return gather(table, constant(new HostArray(rows, [rows.length], 'int32')), -2);
}

/**
 * Values by query and offset become values by query and key, y_ij = x_i(j − i), without a vector per pair: Music
 * Transformer's skew (Huang et al. 2018, section 3.4.1), here for offsets of both signs. Side by side, row i of
 * [T,T+S] is moved i places to the left, which reading the numbers in rows one shorter does; elsewhere each is looked up.
 * @param x [B,H,T,N′], N′ as `rowsByOffset` counts @returns [B,H,T,S]
 */
export function toPairs(x: Tensor, range: OffsetRange, places: Places): Tensor {
  const [batch, heads, queries] = x.shape as [Dim, Dim, Dim];
  const lengths = sideBySide(places);
  if (lengths === undefined) {
    const rows = rowOfEachPair(range, places);
    const among = rows.rank === 4 ? (rows.shape[0] as Dim) : batch;
    const own = among === 1 ? batch : among;
    const shape: Dim[] = [own, heads, queries, places.key.shape.at(-1) as Dim];
    return takeAlong(x.expand([own, ...x.shape.slice(1)]), rows.expand(shape), 3);
  }
  const [rows, keys] = lengths;
  const flat = x.reshape([batch, heads, rows * (rows + keys)]);
  const shorter = slice(flat, [null, null, [rows]]).reshape([batch, heads, rows, rows + keys - 1]);
  return slice(shorter, [null, null, null, [0, keys]]);
}

/**
 * r_ij = q_i · a_{j−i} / √D: products of each query with a table's vectors, moved to their pairs.
 * @param query [B,H,T,D]
 * @param table [N,D], the same for all heads, or [H,N,D] @returns [B,H,T,S]
 */
export function relativeProducts(query: Tensor, table: Tensor, range: OffsetRange, places: Places): Tensor {
  const rows = rowsByOffset(table, range, places);
  const scale = 1 / Math.sqrt(query.shape[3] as number);
  return toPairs(matmul(query, rows, { transposeB: true, scale }), range, places);
}

/**
 * The transpose of `toPairs`: weights by query and key become sums by query and offset, y_i(r) = Σ_{j: j − i = r} w_ij.
 * @param weights [B,H,T,S] @returns [B,H,T,N′]
 */
export function toOffsets(weights: Tensor, range: OffsetRange, places: Places): Tensor {
  const [batch, heads, queries] = weights.shape as [Dim, Dim, Dim];
  const lengths = sideBySide(places);
  if (lengths === undefined) {
    const empty = zeros([batch, heads, queries, offsetCount(range)], weights.dtype);
    return scatterAlong(empty, rowOfEachPair(range, places).expand(weights.shape), weights, 3);
  }
  const [rows, keys] = lengths;
  const none: readonly [number, number] = [0, 0];
  const longer = pad(weights, [none, none, none, [0, rows - 1]]).reshape([batch, heads, multiplyDims(rows, rows + keys - 1)]);
  return pad(longer, [none, none, [rows, 0]]).reshape([batch, heads, rows, rows + keys]);
}

/** The table's row of each pair: [T,S] or [B,1,T,S] int32. */
function rowOfEachPair({ from, to }: OffsetRange, { query, key }: Places): Tensor {
  return clip(key.sub(query), from, to).sub(from);
}
