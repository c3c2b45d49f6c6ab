import { type Dim, fail } from '../../core/index.js';
import { formatSpec, gather, maximum, type Tensor, takeAlong } from '../../ops/index.js';
import type { Places } from '../places.js';

/** What is told of each token, looked up where queries and keys stand. */
export interface AtPlaces {
  /** [B,1,T,1] */
  readonly query: Tensor;
  /** [B,1,1,S] */
  readonly key: Tensor;
}

/**
 * Looks up a value per token, so that a mask made of it serves all tokens at once and one by one with a cache alike.
 * @param values [B,N]: token n of text b has values[b,n]
 * @throws shape: more tokens than values
 */
export function atPlaces(where: string, values: Tensor, places: Places): AtPlaces {
  const known = values.shape[1] as Dim;
  const look = (place: Tensor, axis: 2 | 3): Tensor => {
    const count = place.shape.at(axis - 4) as Dim;
    if (place.rank === 2 && typeof known === 'number' && typeof count === 'number' && count > known) {
      throw fail('shape', {
        where,
        rule: `values for all ${count} tokens`,
        got: formatSpec(values),
        fix: 'Tell it of every token, those in the cache too',
      });
    }
    // Empty slots of a memory stand at −1; they are never attended to, but must be found.
    const at = maximum(place, 0);
    const found =
      place.rank === 2 ? gather(values, at.reshape([count]), 1) : takeAlong(values, at.reshape([place.shape[0] as Dim, count]), 1);
    const batch = values.shape[0] as Dim;
    return found.reshape(axis === 2 ? [batch, 1, count, 1] : [batch, 1, 1, count]);
  };
  return {
    get query() {
      return look(places.query, 2);
    },
    get key() {
      return look(places.key, 3);
    },
  };
}
