import type { AttentionParts } from '#dist/attention/index.js';
import type { Read } from '../prove.js';
import { range, sum } from '../structures/loops.js';

export { range, sum };

/** Batch, query heads, length, width of queries and keys, width of values. */
export const [B, H, T, D, V] = [2, 4, 5, 3, 2];

/** One pair of query and key, as a paper's equation sees it. */
export interface Pair {
  /** q_i, number d */
  readonly q: (d: number) => number;
  /** k_j, number d */
  readonly k: (d: number) => number;
  /** Query head, and the key head that it shares. */
  readonly h: number;
  readonly g: number;
  /** Where query and key stand. */
  readonly at: readonly [query: number, key: number];
  /** A parameter by its name below the attention. */
  readonly p: (name: string) => Read;
}

/** A form, and its equation in plain numbers. */
export interface FormCase {
  readonly name: string;
  readonly parts: (kvHeads: number) => AttentionParts;
  /** s_ij, all biases included; the loops then take softmax. */
  readonly score: (pair: Pair) => number;
  /** What is gathered from v_j besides itself. */
  readonly value?: (d: number, pair: Pair) => number;
  /** Only defined for keys at or behind the query. */
  readonly causalOnly?: true;
}

export interface Layout {
  readonly kvHeads: number;
  readonly allowed: (i: number, j: number) => boolean;
  /** Where token i of sequence b stands. */
  readonly place: (b: number, i: number) => number;
}

/** Attention by its definition over inputs q [B,H,T,D], k [B,K,T,D], v [B,K,T,V]: the elements of [B,T,H,V]. */
export function byLoops({ score, value }: FormCase, { kvHeads, allowed, place }: Layout, read: (name: string) => Read): number[] {
  const [q, k, v] = [read('q'), read('k'), read('v')];
  const out: number[] = [];
  for (let b = 0; b < B; b++)
    for (let i = 0; i < T; i++)
      for (let h = 0; h < H; h++) {
        const g = Math.floor((h * kvHeads) / H);
        const pairs: Pair[] = [];
        for (let j = 0; j < T; j++)
          pairs.push({ q: (d) => q(b, h, i, d), k: (d) => k(b, g, j, d), h, g, at: [place(b, i), place(b, j)], p: read });
        const raised = pairs.map((pair, j) => (allowed(i, j) ? Math.exp(score(pair)) : 0));
        const total = sum(T, (j) => raised[j] as number);
        for (let d = 0; d < V; d++)
          out.push(sum(T, (j) => ((raised[j] as number) / (total || 1)) * (v(b, g, j, d) + (value?.(d, pairs[j] as Pair) ?? 0))));
      }
  return out;
}

/** q·k/√D */
export const scaledProduct = ({ q, k }: Pair): number => sum(D, (d) => q(d) * k(d)) / Math.sqrt(D);

/** j − i, clipped. */
export const offset = ({ at: [i, j] }: Pair, from: number, to: number): number => Math.min(to, Math.max(from, j - i));
