import { type AttentionForm, type AttentionInputs, causalMask, type Past } from '#dist/attention/index.js';
import { input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { type Feeds, numbersOf, refArray } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { B, D, H } from './examples.js';

/** A token's query, key and value in every text and head: [text][head][D] each. */
export interface Token {
  readonly query: readonly (readonly (readonly number[])[])[];
  readonly key: readonly (readonly (readonly number[])[])[];
  readonly value: readonly (readonly (readonly number[])[])[];
}

/** Random tokens, the same for the same seed. */
export function tokens(seed: number, count: number): Token[] {
  return Array.from({ length: count }, (_, t) => {
    const of = (role: string): number[][][] => {
      const { data } = numbers(`${role} ${t} ${seed}`, [B, H, D]);
      return Array.from({ length: B }, (__, b) =>
        Array.from({ length: H }, (___, h) => Array.from(data.subarray((b * H + h) * D, (b * H + h + 1) * D))),
      );
    };
    return { query: of('query'), key: of('key'), value: of('value') };
  });
}

/** Tokens' rows as [B,H,N,D], filled up to a capacity. */
export function rowsOf(list: readonly Token[], role: keyof Token, capacity = list.length): RefArray {
  const garbage = new Array<number>(D).fill(1e3);
  const data = Array.from({ length: B }, (_, b) =>
    Array.from({ length: H }, (__, h) => Array.from({ length: capacity }, (___, t) => list[t]?.[role][b]?.[h] ?? garbage)),
  );
  return refArray([B, H, capacity, D], data.flat(3));
}

/** The first head of each text's rows, alone: keys and values that all query heads share. */
export function firstHead({ shape, data }: RefArray): RefArray {
  const [batch, heads, ...rest] = shape as [number, number, number, number];
  const size = rest[0] * rest[1];
  return refArray(
    [batch, 1, ...rest],
    Array.from({ length: batch }, (_, b) => Array.from(data.subarray(b * heads * size, (b * heads + 1) * size))).flat(),
  );
}

/** Inputs of a program over tokens, and their values. */
export interface Traced {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly feeds: Feeds;
}

export function traced(queries: readonly Token[], keys: readonly Token[] = queries): Traced {
  const of = (role: keyof Token, list: readonly Token[]): [Tensor, RefArray] => [input(role, [B, H, list.length, D]), rowsOf(list, role)];
  const [query, key, value] = [of('query', queries), of('key', keys), of('value', keys)] as const;
  return { query: query[0], key: key[0], value: value[0], feeds: new Map([query, key, value]) };
}

/** What each query gathers, [query][B·H·D']. */
export function gathered(form: AttentionForm, queries: readonly Token[], keys: readonly Token[], inputs: AttentionInputs = {}): number[][] {
  const { query, key, value, feeds } = traced(queries, keys);
  return byQuery(form.attend(query, key, value, inputs), feeds);
}

/** All tokens at once. */
export function atOnce(form: AttentionForm, list: readonly Token[], causally: boolean): number[][] {
  return gathered(form, list, list, causally ? { mask: causalMask(list.length) } : {});
}

/** The first tokens at once, then one by one, each after a memory of those before it that is larger than they need. */
export function oneByOne(form: AttentionForm, list: readonly Token[], first: number, causally: boolean): number[][] {
  const rows = atOnce(form, list.slice(0, first), causally);
  const capacity = list.length + 2;
  for (let t = first; t < list.length; t++) {
    const { query, key, value, feeds } = traced(list.slice(t, t + 1));
    const past: Past = {
      keys: input('past keys', [B, H, capacity, D]),
      values: input('past values', [B, H, capacity, D]),
      filled: input('filled', [B, capacity], 'bool'),
    };
    const before = list.slice(0, t);
    feeds.set(past.keys, rowsOf(before, 'key', capacity)).set(past.values, rowsOf(before, 'value', capacity));
    feeds.set(
      past.filled,
      refArray(
        [B, capacity],
        new Array(B * capacity).fill(0).map((_, i) => Number(i % capacity < t)),
      ),
    );
    rows.push(...byQuery(form.attend(query, key, value, { past, ...(causally && { mask: causalMask(1) }) }), feeds));
  }
  return rows;
}

/** [B,T,H,D'] as [T][B·H·D'] */
export function byQuery(mixed: Tensor, feeds: Feeds): number[][] {
  const [batch, length, heads, width] = mixed.shape as [number, number, number, number];
  const data = numbersOf(mixed, feeds);
  const row = heads * width;
  return Array.from({ length }, (_, t) =>
    Array.from({ length: batch }, (__, b) => Array.from(data.subarray((b * length + t) * row, (b * length + t + 1) * row))).flat(),
  );
}

/** Whether two results are the same but for rounding. */
export function alike(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): boolean {
  const [x, y] = [a.flat(), b.flat()];
  return x.length === y.length && x.every((v, i) => Math.abs(v - (y[i] as number)) < 1e-10);
}
