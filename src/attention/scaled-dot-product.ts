import { type Dim, multiplyDims } from '../core/index.js';
import { concat, dropout, iota, matmul, softmax, split, type Tensor, tanh, tap } from '../ops/index.js';

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
  /** What of the memory may be attended to, of what it holds; broadcasts to [B,H,T,P], bool, true = attend. All of it by default. */
  readonly pastMask?: Tensor | undefined;
  /** Factor of the products q·k; 1/√D by default. */
  readonly scale?: number | undefined;
  /** Bounds scores smoothly: c · tanh(score / c) (Gemma Team 2024, Gemma 2, section 2). */
  readonly softCap?: number | undefined;
  /** Promises that every query may attend to something, as a causal one may to itself: saves a pass. */
  readonly everyQueryAttends?: boolean | undefined;
  /** Dropout of the pattern, while training. */
  readonly dropout?: number;
}

/**
 * Scaled dot-product attention: softmax(Q Kᵀ / √D) V (Vaswani et al. 2017, eq. 1; their d_k is our D).
 * With fewer key and value heads than query heads, H/K neighbouring query heads share one (Ainslie et al. 2023, grouped
 * queries). With `past`, keys and values of earlier tokens stand before the new ones: S = P + T.
 * Taps the sites `query`, `key`, `value`, `scores`, `pattern` and `mixed` of the module that calls.
 * @param query [B,H,T,D] @param key [B,K,T,D], K divides H @param value [B,K,T,D]
 * @returns [B,T,H,D]
 */
export function scaledDotProduct(query: Tensor, key: Tensor, value: Tensor, options: ScaledDotProductOptions = {}): Tensor {
  const q = tap('query', query);
  const k = tap('key', key);
  const v = tap('value', value);
  const { past, mask, softCap } = options;
  const scale = options.scale ?? 1 / Math.sqrt(q.shape[3] as number);
  const score = (keys: Tensor): Tensor => {
    const raw = perGroup(q, keys, (rows) => matmul(rows, keys, { transposeB: true, scale }));
    return softCap === undefined ? raw : tanh(raw.mul(1 / softCap)).mul(softCap);
  };
  const recent = score(k); // [B,H,T,T]
  const scores = tap('scores', past === undefined ? recent : concat([score(past.keys), recent], 3));
  const allowed = past === undefined ? mask : withPast(past, options, recent);
  const pattern = tap('pattern', softmax(scores, { mask: allowed, everyRowAttends: options.everyQueryAttends ?? mask === undefined })); // [B,H,T,S]
  const weights = dropout(pattern, options.dropout ?? 0);
  return tap('mixed', mix(weights, v, past).transpose([0, 2, 1, 3]));
}

/** Weights × values, the past's and the new ones'. [B,H,T,S], [B,K,T,D] → [B,H,T,D] */
function mix(weights: Tensor, v: Tensor, past: Past | undefined): Tensor {
  const product = (w: Tensor, values: Tensor): Tensor => perGroup(w, values, (rows) => matmul(rows, values));
  if (past === undefined) return product(weights, v);
  const [early, late] = split(weights, [past.keys.shape[2] as number, v.shape[2] as number], 3) as [Tensor, Tensor];
  return product(early, past.values).add(product(late, v));
}

/**
 * A product of query heads with the key or value head they share. Heads of a group lie side by side, so their rows are the
 * rows of one taller matrix, and nothing is copied: [B,H,T,·] is [B,K,H/K·T,·].
 */
function perGroup(x: Tensor, shared: Tensor, product: (rows: Tensor) => Tensor): Tensor {
  const [batch, heads, length, width] = x.shape as [Dim, number, Dim, Dim];
  const groups = shared.shape[1] as number;
  const y = product(x.reshape([batch, groups, multiplyDims(heads / groups, length), width]));
  return y.reshape([batch, heads, length, y.shape[3] as Dim]);
}

/** What the memory holds, and the mask among the new tokens, side by side: [B,1,T,P + T], or [B,H,T,P + T] for a mask per head. */
function withPast(past: Past, { mask, pastMask }: ScaledDotProductOptions, recent: Tensor): Tensor {
  const [batch, , length] = recent.shape as [number, number, number];
  const capacity = past.keys.shape[2] as number;
  const heads = mask?.shape.at(-3) ?? 1;
  const filled = past.filled.reshape([batch, 1, 1, capacity]);
  const early = (pastMask === undefined ? filled : filled.logicalAnd(pastMask)).expand([batch, heads, length, capacity]);
  const among = (mask ?? everywhere(length)).expand([batch, heads, length, length]);
  return concat([early, among], 3);
}

/** [T,T] bool, all true; the length may be symbolic. */
function everywhere(length: Dim): Tensor {
  const row = iota(length).reshape([1, length]);
  return row.equal(row).expand([length, length]);
}
