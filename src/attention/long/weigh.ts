import { dropout, softmaxMix, type Tensor } from '../../ops/index.js';
import type { AttentionParts } from '../attend.js';
import { both } from '../masks/both.js';
import { weightedSum } from '../mixes/weighted-sum.js';
import { softmaxNormaliser } from '../normalisers/softmax.js';
import { partFunction } from '../parts.js';
import type { Places } from '../places.js';
import { scaledDotProductScore } from '../scores/dot-product.js';

/** Some queries with all the keys that they may see, and what belongs to both. */
export interface Rows {
  /** [B,H,T,D] */
  readonly query: Tensor;
  /** [B,K,S,D] */
  readonly key: Tensor;
  /** [B,K,S,D'] */
  readonly value: Tensor;
  readonly places: Places;
  /** Broadcasts to [B,H,T,S], bool, true = attend; it narrows the parts' own mask. */
  readonly mask?: Tensor | undefined;
  /** Broadcasts to [B,H,T,S]; added besides the parts' own bias. */
  readonly bias?: Tensor | undefined;
  readonly everyQueryAttends?: boolean | undefined;
}

/**
 * mix(dropout(normaliser(score(q, k) + bias | mask)), v) of one block: `attend` without sites and memory, for blocks are
 * not values that anyone asks for.
 * @param known the result, where it was computed before: then only the gradient is made of the rest, by a shorter way where
 *   there is one (softmax and the weighted sum)
 * @returns [B,H,T,D']
 */
export function weigh(parts: AttentionParts, { query, key, value, places, ...rows }: Rows, known?: Tensor): Tensor {
  const own = partFunction(parts.score ?? scaledDotProductScore())(query, key, places);
  const biases = [parts.bias && partFunction(parts.bias)(places), rows.bias];
  const scores = biases.reduce<Tensor>((sum, bias) => (bias === undefined ? sum : sum.add(bias)), own);
  const mask = both(parts.mask && partFunction(parts.mask)(places), rows.mask);
  const everyQueryAttends = rows.everyQueryAttends ?? mask === undefined;
  if (isPlain(parts)) return softmaxMix(scores, value, { mask, everyRowAttends: everyQueryAttends, ...(known && { known }) });
  const weights = partFunction(parts.normaliser ?? softmaxNormaliser())(scores, { mask, everyQueryAttends });
  return partFunction(parts.mix ?? weightedSum)(dropout(weights, parts.dropout ?? 0), value, places);
}

/** Whether weights are softmax's and meet values as they are. */
function isPlain({ normaliser, mix, dropout: rate = 0 }: AttentionParts): boolean {
  return normaliser === undefined && mix === undefined && rate === 0;
}
