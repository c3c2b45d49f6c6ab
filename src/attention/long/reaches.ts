import { HostArray } from '../../core/index.js';
import { concat, constant, dropout, iota, split, type Tensor } from '../../ops/index.js';
import type { AttentionParts } from '../attend.js';
import { both } from '../masks/both.js';
import { weightedSum } from '../mixes/weighted-sum.js';
import { softmaxNormaliser } from '../normalisers/softmax.js';
import { type Mask, partFunction } from '../parts.js';
import type { Places } from '../places.js';
import { scaledDotProductScore } from '../scores/dot-product.js';
import type { Layout } from './layouts.js';
import { weigh } from './weigh.js';

/** Some of the keys that queries see, in the layout that brings them together. */
export interface Reach {
  readonly layout: Layout;
  /** Which of the keys brought together are meant; no pair may be allowed by two reaches. */
  readonly allows?: Mask | undefined;
}

export interface ReachInputs {
  /** [B or 1, 1 or H, 1, S] bool, keys that may be attended to. */
  readonly keyMask?: Tensor | undefined;
  readonly everyQueryAttends: boolean;
}

/**
 * Attention in which queries see only what their reaches bring to them; one normaliser over all of it. The full matrix is
 * never formed: scores are [B,H,T,Σ S'].
 * @returns [B,H,T,D']
 */
export function overReaches(
  parts: AttentionParts,
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  reaches: readonly Reach[],
  { keyMask, everyQueryAttends }: ReachInputs,
): Tensor {
  const laid = reaches.map(({ layout, allows }) => {
    const at = placesIn(layout, query);
    const mask = [allows, parts.mask && partFunction(parts.mask)].reduce<Tensor | undefined>(
      (m, rule) => both(m, rule?.(at.places)),
      at.inside,
    );
    const given = keyMask && asRow(layout.keys(keysAsRows(keyMask, query.shape[0] as number)));
    return {
      layout,
      places: at.places,
      mask: both(mask, given),
      query: layout.queries(query),
      key: layout.keys(key),
      value: layout.keys(value),
    };
  });
  const [only] = laid;
  if (only !== undefined && laid.length === 1) {
    return only.layout.restore(weigh({ ...parts, mask: undefined }, { ...only, everyQueryAttends }));
  }
  const score = partFunction(parts.score ?? scaledDotProductScore());
  const scores = laid.map(({ layout, places, ...rows }) => {
    const own = score(rows.query, rows.key, places);
    return layout.restore(parts.bias === undefined ? own : own.add(partFunction(parts.bias)(places)));
  });
  const masks = laid.map(({ layout, mask, ...rows }) => {
    const [batch, , length] = rows.query.shape as [number, number, number];
    const heads = mask?.shape[1] ?? 1;
    const all = mask ?? constant(new HostArray(Uint8Array.of(1), [1, 1, 1, 1], 'bool'));
    return layout.restore(all.expand([batch, heads, length, rows.key.shape[2] as number]));
  });
  const heads = Math.max(...masks.map((m) => m.shape[1] as number));
  const mask = concat(
    masks.map((m) => m.expand([m.shape[0] as number, heads, m.shape[2] as number, m.shape[3] as number])),
    3,
  );
  const weights = partFunction(parts.normaliser ?? softmaxNormaliser())(concat(scores, 3), { mask, everyQueryAttends });
  const pieces = split(
    dropout(weights, parts.dropout ?? 0),
    scores.map((s) => s.shape[3] as number),
    3,
  );
  const mix = partFunction(parts.mix ?? weightedSum);
  const mixed = laid.map(({ layout, places, ...rows }, i) => layout.restore(mix(layout.queries(pieces[i] as Tensor), rows.value, places)));
  return mixed.reduce((a, b) => a.add(b));
}

/** Where the queries and keys of a layout stand, and which keys are there at all: [B',1,T',1], [B',1,1,S'] each. */
function placesIn(layout: Layout, query: Tensor): { readonly places: Places; readonly inside: Tensor | undefined } {
  const [batch, , length] = query.shape as [number, number, number];
  const index = iota(length).reshape([1, 1, length, 1]).expand([batch, 1, length, 1]);
  // One more than the index, so that what fills blocks is told by its zero.
  const key = asRow(layout.keys(index.add(1)));
  return { places: { query: layout.queries(index), key: key.sub(1) }, inside: key.greater(0) };
}

/** [B',1,S',1] → [B',1,1,S'] */
function asRow(x: Tensor): Tensor {
  return x.transpose([0, 1, 3, 2]);
}

/** What broadcasts to [B,H,1,S] as a layout takes it: [B,H or 1,S,1]. */
function keysAsRows(mask: Tensor, batch: number): Tensor {
  const shape = [...new Array<number>(4 - mask.rank).fill(1), ...(mask.shape as number[])];
  const [, heads, , keys] = shape as [number, number, number, number];
  return mask.reshape(shape).transpose([0, 1, 3, 2]).expand([batch, heads, keys, 1]);
}
