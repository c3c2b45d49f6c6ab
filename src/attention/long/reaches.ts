import { concat, dropout, inChunks, iota, split, type Tensor } from '../../ops/index.js';
import type { AttentionParts } from '../attend.js';
import { both } from '../masks/both.js';
import { weightedSum } from '../mixes/weighted-sum.js';
import { softmaxNormaliser } from '../normalisers/softmax.js';
import { type Mask, partFunction } from '../parts.js';
import type { Places } from '../places.js';
import { scaledDotProductScore } from '../scores/dot-product.js';
import type { Layout } from './layouts.js';
import { type Rows, weigh } from './weigh.js';

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
  const laid = reaches.map(({ layout, allows }): Laid => {
    const places = placesIn(layout, query);
    const given = keyMask && asRow(layout.keys(keysAsRows(keyMask, query.shape[0] as number)));
    return { layout, allows, places, given, query: layout.queries(query), key: layout.keys(key), value: layout.keys(value) };
  });
  const [only] = laid;
  if (only !== undefined && laid.length === 1) return only.layout.restore(inGroups(parts, only, everyQueryAttends));
  const score = partFunction(parts.score ?? scaledDotProductScore());
  const scores = laid.map(({ layout, places, ...rows }) => {
    const own = score(rows.query, rows.key, places);
    return layout.restore(parts.bias === undefined ? own : own.add(partFunction(parts.bias)(places)));
  });
  const masks = laid.map((reach) => {
    const [batch, , length] = reach.query.shape as [number, number, number];
    const mask = maskOf(parts, reach);
    return reach.layout.restore(mask.expand([batch, mask.shape[1] as number, length, reach.key.shape[2] as number]));
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

/** One reach, laid out. */
interface Laid extends Omit<Rows, 'mask' | 'bias'> {
  readonly layout: Layout;
  readonly allows: Mask | undefined;
  /** [B',1 or H,1,S'] of the caller's key mask. */
  readonly given: Tensor | undefined;
}

/** Where the queries and keys of a layout stand, [B',1,T',1] and [B',1,1,S']; what fills blocks stands at −1. */
function placesIn(layout: Layout, query: Tensor): Places {
  const [batch, , length] = query.shape as [number, number, number];
  const index = iota(length).reshape([1, 1, length, 1]).expand([batch, 1, length, 1]);
  return { query: layout.queries(index), key: asRow(layout.keys(index.add(1))).sub(1) };
}

/** The keys that are there at all, that the reach means, and that the attention and the caller allow. */
function maskOf(parts: AttentionParts, { places, allows, given }: Pick<Laid, 'places' | 'allows' | 'given'>): Tensor {
  const rules = [allows, parts.mask && partFunction(parts.mask)];
  const there = places.key.greater(-1);
  const meant = rules.reduce<Tensor>((mask, rule) => (rule === undefined ? mask : mask.logicalAnd(rule(places))), there);
  return both(meant, given) as Tensor;
}

/** What the scores of a group of blocks may take; more blocks are computed a group at a time, and again in the backward pass. */
const scoreBytes = 64 * 2 ** 20;

/** A reach that is the only one: its blocks do not see each other. @returns [B',H,T',D'] */
function inGroups(parts: AttentionParts, { query, key, value, places, allows, given }: Laid, everyQueryAttends: boolean): Tensor {
  const [count, heads, length] = query.shape as [number, number, number];
  const group = Math.max(1, Math.floor(scoreBytes / (4 * heads * length * (key.shape[2] as number))));
  const block = (...[q, k, v, queries, keys, mask]: readonly Tensor[]): Tensor => {
    const at = { query: queries as Tensor, key: keys as Tensor };
    const rows = { query: q as Tensor, key: k as Tensor, value: v as Tensor, places: at, everyQueryAttends };
    return weigh({ ...parts, mask: undefined }, { ...rows, mask: maskOf(parts, { places: at, allows, given: mask }) });
  };
  const operands = [query, key, value, places.query, places.key, ...(given === undefined ? [] : [given])];
  // Dropout's masks are kept in any case, and differ from block to block.
  return count <= group || (parts.dropout ?? 0) > 0 ? block(...operands) : inChunks(block, group)(...operands);
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
