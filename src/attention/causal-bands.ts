import { concat, dropoutFactor, softmax, split, type Tensor } from '../ops/index.js';
import type { AttentionInputs, AttentionParts } from './attend.js';
import { both } from './masks/both.js';
import { weightedSum } from './mixes/weighted-sum.js';
import { partFunction } from './parts.js';
import { type Places, placesOf } from './places.js';
import { scaledDotProductScore } from './scores/dot-product.js';

let wanted = false;

/** Traces a program whose causal attentions may leave out what their masks forbid, and with it the sites `scores` and `pattern`. */
export function withCausalBands<T>(work: () => T): T {
  const before = wanted;
  wanted = true;
  try {
    return work();
  } finally {
    wanted = before;
  }
}

/** Of fewer queries, what cutting and joining costs eats what is saved: at 64 nothing, at 256 1.8% of a step in 2 bands, at 1,024 a tenth in 4. */
const shortest = 256;
const shortestForMore = 512;

/**
 * Into how many bands of queries an attention may be cut: 1, unless it was asked for, the mask is promised to be causal,
 * and rows of scores become weights one by one.
 */
export function bandCount(
  query: Tensor,
  key: Tensor,
  { inputs = {}, ...parts }: AttentionParts & { readonly inputs?: AttentionInputs },
): number {
  const { nothingLater = false, past, bias, places } = inputs;
  if (!wanted || !nothingLater || past !== undefined || bias !== undefined || places !== undefined) return 1;
  const { score, mask, bias: ownBias, normaliser, mix } = parts;
  if (mask === undefined && inputs.mask === undefined) return 1;
  if ([ownBias, normaliser, mix].some((part) => part !== undefined) || (score !== undefined && typeof score !== 'function')) return 1;
  const [length, keys] = [query.shape[2], key.shape[2]];
  if (typeof length !== 'number' || length !== keys || length < shortest) return 1;
  return (length < shortestForMore ? [2] : [4, 3, 2]).find((bands) => length % bands === 0) ?? 1;
}

/**
 * Causal attention without most of what its mask forbids: queries in `bands` bands, each with the keys up to its own last, so
 * that (1 + 1/bands)/2 of the T² pairs are computed. The same numbers as `attend` up to rounding, dropout's among them.
 * @param query [B,H,T,D] @param key [B,K,T,D] @param value [B,K,T,D'] @returns [B,H,T,D']
 */
export function attendInBands(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  bands: number,
  { inputs = {}, ...parts }: AttentionParts & { readonly inputs?: AttentionInputs },
): Tensor {
  const [batch, heads, length] = query.shape as [number, number, number];
  const score = partFunction(parts.score ?? scaledDotProductScore());
  const ownMask = parts.mask && partFunction(parts.mask);
  const whole = placesOf(length, length);
  const factor = dropoutFactor([batch, heads, length, length], parts.dropout ?? 0);
  const rows = split(query, bands, 2).map((q, band) => {
    const [from, to] = [(band * length) / bands, ((band + 1) * length) / bands];
    const seen = (x: Tensor): Tensor => (to === length ? x : x.slice([null, null, [0, to]]));
    const pairs = (x: Tensor): Tensor => ofPairs(x, from, to);
    const places: Places = { query: pairs(whole.query), key: pairs(whole.key) };
    const mask = both(ownMask?.(places), inputs.mask && pairs(inputs.mask)) as Tensor;
    const pattern = softmax(score(q, seen(key), places), { mask, everyRowAttends: inputs.everyQueryAttends ?? false });
    const weights = factor === undefined ? pattern : pattern.mul(pairs(factor));
    return weightedSum(weights, seen(value), places);
  });
  return concat(rows, 2);
}

/** Queries `from` to `to` and keys up to `to` of what broadcasts to [B,H,T,T]. */
function ofPairs(x: Tensor, from: number, to: number): Tensor {
  const cut = (axis: number, range: readonly [number, number]) => (x.shape[axis] === 1 ? null : range);
  const outer = new Array<null>(x.rank - 2).fill(null);
  return x.slice([...outer, cut(x.rank - 2, [from, to]), cut(x.rank - 1, [0, to])]);
}
