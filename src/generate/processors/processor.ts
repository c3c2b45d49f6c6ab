/**
 * A pure step between a model's logits and the choice of a token.
 * @param scores [V], unnormalised log probabilities; −∞ is a token that cannot come; not changed
 * @param history the ids so far, the prompt's first
 * @returns [V], the new scores; the same array where nothing changes
 */
export type LogitsProcessor = (scores: Float64Array, history: ArrayLike<number>) => Float64Array;

/** The largest of some scores. */
export function highest(scores: Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const x of scores) if (x > top) top = x;
  return top;
}

/** softmax(scores), [V]; a score of −∞ has probability 0. */
export function softmax(scores: Float64Array): Float64Array {
  const top = highest(scores);
  const weights = scores.map((x) => Math.exp(x - top));
  let total = 0;
  for (const w of weights) total += w;
  return weights.map((w) => w / total);
}

/** The scores with −∞ for all but some tokens. */
export function only(scores: Float64Array, ids: Iterable<number>): Float64Array {
  const out = new Float64Array(scores.length).fill(Number.NEGATIVE_INFINITY);
  for (const id of ids) out[id] = scores[id] as number;
  return out;
}
