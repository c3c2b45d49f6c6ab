import type { Mask, Places } from '#dist/attention/index.js';
import { input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { type Feeds, numbersOf, refArray } from '../../grad/programs.js';

/** Whether a query at position i of text b may meet a key at position j, in head h. */
export type Rule = (i: number, j: number, b: number, h: number) => boolean;

/** Positions of two texts, out of order and with repeats, as a cache or packed documents may have them. */
export const positions: readonly (readonly number[])[] = [
  [3, 0, 7, 1, 1, 12, 5],
  [9, 10, 11, 2, 4, 6, 0],
];

/** Queries at the first of some positions, keys at all of them: [B,1,T,1] and [B,1,1,S], fed. */
export function placesAt(where: readonly (readonly number[])[], queries: number): { places: Places; feeds: Feeds } {
  const [batch, keys] = [where.length, where[0]?.length ?? 0];
  const query = input('query places', [batch, 1, queries, 1], 'int32');
  const key = input('key places', [batch, 1, 1, keys], 'int32');
  const feeds: Feeds = new Map<Tensor, RefArray>([
    [
      query,
      refArray(
        query.shape as number[],
        where.flatMap((row) => row.slice(0, queries)),
      ),
    ],
    [key, refArray(key.shape as number[], where.flat())],
  ]);
  return { places: { query, key }, feeds };
}

/** What a mask says, broadcast to [B,H,T,S]. */
export function saidBy(mask: Mask, places: Places, shape: readonly number[], feeds: Feeds = new Map()): boolean[] {
  return Array.from(numbersOf(mask(places).expand(shape), feeds), (v) => v === 1);
}

/** What a rule says of queries and keys at positions, [B,H,T,S]. */
export function saidByRule(
  rule: Rule,
  query: readonly (readonly number[])[],
  key: readonly (readonly number[])[],
  heads: number,
): boolean[] {
  return query.flatMap((from, b) =>
    Array.from({ length: heads }, (_, h) => from.flatMap((i) => (key[b] ?? []).map((j) => rule(i, j, b, h)))).flat(),
  );
}

/** 0, 1, …, n − 1 for each of some texts. */
export function inOrder(n: number, texts: number): number[][] {
  return Array.from({ length: texts }, () => Array.from({ length: n }, (_, i) => i));
}
