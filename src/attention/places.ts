import type { Dim } from '../core/index.js';
import { cast, iota, type Tensor } from '../ops/index.js';

/**
 * Where queries and keys stand in their texts, int32, laid out so that a function of both broadcasts to [B,H,T,S]:
 * queries [T,1] or [B,1,T,1], keys [1,S] or [B,1,1,S].
 */
export interface Places {
  readonly query: Tensor;
  readonly key: Tensor;
  /** Promises that query i stands at n + i and key j at n + j, for one n: what depends on distance is then shifted, not looked up. */
  readonly consecutive?: true;
}

/** Queries at 0 … T−1, keys at 0 … S−1. */
export function placesOf(queries: Dim, keys: Dim): Places {
  return { query: iota(queries).reshape([queries, 1]), key: iota(keys).reshape([1, keys]), consecutive: true };
}

/**
 * Places where keys of earlier tokens stand before the new ones. The memory's slots are counted over those that hold a
 * token, so that holes are no distance; the new tokens follow.
 * @param filled [B,P] bool, in the order of the text @param queries T @param keys S of the new tokens; as many by default
 */
export function placesAfter(filled: Tensor, queries: Dim, keys: Dim = queries): { readonly past: Places; readonly recent: Places } {
  const [batch, capacity] = filled.shape as [Dim, Dim];
  const counted = cast(filled, 'int32').cumsum(1);
  const total = counted.max({ axis: 1, keep: true }).reshape([batch, 1, 1, 1]);
  const query = total.add(iota(queries).reshape([queries, 1]));
  return {
    past: { query, key: counted.sub(1).reshape([batch, 1, 1, capacity]) },
    recent: { query, key: total.add(iota(keys).reshape([1, keys])), consecutive: true },
  };
}

/** How far keys lie behind queries, i − j; negative ahead. int32, broadcasts to [B,H,T,S] */
export function distance({ query, key }: Places): Tensor {
  return query.sub(key);
}
