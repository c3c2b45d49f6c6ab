import type { Dim } from '../core/index.js';
import { concat, dropout, iota, matmul, softmax, split, type Tensor, tap } from '../ops/index.js';

/** Keys and values of earlier tokens, in memory of a fixed size. */
export interface Past {
  /** [B,K,P,D] */
  readonly keys: Tensor;
  /** [B,K,P,D] */
  readonly values: Tensor;
  /** [B,P] bool, true where the memory holds a token. */
  readonly filled: Tensor;
}

export interface ScaledDotProductOptions {
  /** [T,T] (or what broadcasts to [B,H,T,T]) bool, true = attend; a query with nothing to attend to gets zeros. */
  readonly mask?: Tensor | undefined;
  readonly past?: Past | undefined;
  /** Promises that every query may attend to something, as a causal one may to itself: saves a pass. */
  readonly everyQueryAttends?: boolean | undefined;
  /** Dropout of the pattern, while training. */
  readonly dropout?: number;
}

/**
 * Scaled dot-product attention: softmax(Q Kᵀ / √D) V (Vaswani et al. 2017, eq. 1; their d_k is our D).
 * With `past`, keys and values of earlier tokens stand before the new ones: S = P + T.
 * Taps the sites `query`, `key`, `value`, `scores`, `pattern` and `mixed` of the module that calls.
 * @param query [B,H,T,D] @param key [B,H,T,D] @param value [B,H,T,D]
 * @returns [B,T,H,D]
 */
export function scaledDotProduct(query: Tensor, key: Tensor, value: Tensor, options: ScaledDotProductOptions = {}): Tensor {
  const q = tap('query', query);
  const k = tap('key', key);
  const v = tap('value', value);
  const { past, mask } = options;
  const scale = 1 / Math.sqrt(q.shape[3] as number);
  const recent = matmul(q, k, { transposeB: true, scale }); // [B,H,T,T]
  const scores = tap('scores', past === undefined ? recent : concat([matmul(q, past.keys, { transposeB: true, scale }), recent], 3));
  const allowed = past === undefined ? mask : withPast(past, mask, recent);
  const pattern = tap('pattern', softmax(scores, { mask: allowed, everyRowAttends: options.everyQueryAttends ?? mask === undefined })); // [B,H,T,S]
  const weights = dropout(pattern, options.dropout ?? 0);
  return tap('mixed', mix(weights, v, past).transpose([0, 2, 1, 3]));
}

/** Weights × values, the past's and the new ones'. [B,H,T,S], [B,H,T,D] → [B,H,T,D] */
function mix(weights: Tensor, v: Tensor, past: Past | undefined): Tensor {
  if (past === undefined) return matmul(weights, v);
  const [early, late] = split(weights, [past.keys.shape[2] as number, v.shape[2] as number], 3) as [Tensor, Tensor];
  return matmul(early, past.values).add(matmul(late, v));
}

/** What the memory holds, and the mask among the new tokens, side by side: [B,1,T,P + T], or [B,H,T,P + T] for a mask per head. */
function withPast(past: Past, mask: Tensor | undefined, recent: Tensor): Tensor {
  const [batch, , length] = recent.shape as [number, number, number];
  const capacity = past.keys.shape[2] as number;
  const heads = mask?.shape.at(-3) ?? 1;
  const early = past.filled.reshape([batch, 1, 1, capacity]).expand([batch, heads, length, capacity]);
  const among = (mask ?? everywhere(length)).expand([batch, heads, length, length]);
  return concat([early, among], 3);
}

/** [T,T] bool, all true; the length may be symbolic. */
function everywhere(length: Dim): Tensor {
  const row = iota(length).reshape([1, length]);
  return row.equal(row).expand([length, length]);
}
