import type { Read } from '../prove.js';
import { affine, dot, layerNorm, part, range, sigmoid, softmax, sum } from './loops.js';

/** A module's parameters from a path on, and the inputs, as the supplement's algorithms read them. */
export type Reads = (name: string) => Read;

/** LayerNorm of the place (b, s, i) of an input [B,·,·,width]. */
export const normed = (read: Reads, input: string, norm: string, width: number, at: readonly [number, number, number]): number[] =>
  layerNorm(
    range(width).map((c) => read(input)(...at, c)),
    read(`${norm}.weight`),
    read(`${norm}.bias`),
  );

export const linear = (read: Reads, row: readonly number[], name: string, to: number, bias = true): number[] =>
  affine(row, read(`${name}.weight`), to, bias ? read(`${name}.bias`) : undefined);

/**
 * Gated attention of one sequence of rows that were normalised (the lines that algorithms 7, 8, 13 and 14 share):
 * q, k, v without biases, a gate, softmax over the keys that are allowed, an output projection.
 * @param bias of head h, query i, key j
 */
export function gatedAttention(
  read: Reads,
  path: string,
  rows: readonly (readonly number[])[],
  { heads, headWidth, width }: { heads: number; headWidth: number; width: number },
  bias: (h: number, i: number, j: number) => number = () => 0,
  allowed: (j: number) => boolean = () => true,
): number[][] {
  const project = (name: string, withBias = false) => rows.map((r) => linear(read, r, `${path}.${name}`, heads * headWidth, withBias));
  const [q, k, v, g] = [project('query'), project('key'), project('value'), project('gate', true)] as [
    number[][],
    number[][],
    number[][],
    number[][],
  ];
  const of = (rowsOf: number[][], i: number, h: number): number[] => part(rowsOf[i] ?? [], h, headWidth);
  return range(rows.length).map((i) => {
    const mixed = range(heads).flatMap((h) => {
      const weights = softmax(
        range(rows.length).map((j) => dot(of(q, i, h), of(k, j, h)) / Math.sqrt(headWidth) + bias(h, i, j)),
        allowed,
      );
      return range(headWidth).map((d) => {
        const o = sum(rows.length, (j) => (weights[j] as number) * (of(v, j, h)[d] as number));
        return sigmoid(of(g, i, h)[d] as number) * o;
      });
    });
    return linear(read, mixed, `${path}.output`, width);
  });
}
