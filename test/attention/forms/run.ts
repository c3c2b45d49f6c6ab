import type { Attention, AttentionInputs } from '#dist/attention/index.js';
import { input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { type Feeds, numbersOf, refArray } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { B, D, H, range, T, V } from './loops.js';

/** Key heads. */
export const K = 2;
export const names = ['q', 'k', 'v'] as const;
/** Queries, keys and values of whole sequences. */
export const whole = { q: numbers('q', [B, H, T, D]), k: numbers('k', [B, K, T, D]), v: numbers('v', [B, K, T, V]) };

/** Tokens from … to−1 of an array [B,heads,T,·]; from a list of places, zeros where it says none. */
export function tokens({ shape, data }: RefArray, at: (b: number) => readonly (number | undefined)[]): RefArray {
  const [, heads, length, width] = shape as [number, number, number, number];
  const out = range(B).flatMap((b) =>
    range(heads).flatMap((h) =>
      at(b).flatMap((t) => range(width).map((d) => (t === undefined ? 1e3 : (data[((b * heads + h) * length + t) * width + d] as number)))),
    ),
  );
  return refArray([B, heads, at(0).length, width], out);
}

/** Queries, keys and values as inputs with their numbers. */
export function fed(arrays: Readonly<Record<(typeof names)[number], RefArray>>, feeds: Feeds = new Map()): { x: Tensor[]; feeds: Feeds } {
  const x = names.map((n) => {
    const t = input(n, arrays[n].shape);
    feeds.set(t, arrays[n]);
    return t;
  });
  return { x, feeds };
}

/** What a form makes of queries, keys and values, in float64. */
export function run(module: Attention, arrays = whole, inputs: AttentionInputs = {}, feeds: Feeds = new Map()): Float64Array {
  const { x } = fed(arrays, feeds);
  return numbersOf(module.attend(x[0] as Tensor, x[1] as Tensor, x[2] as Tensor, inputs), feeds);
}
