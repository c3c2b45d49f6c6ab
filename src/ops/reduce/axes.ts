import { type Dim, normalizeAxes } from '../../core/index.js';
import type { InferContext } from '../declare.js';
import { place, type RefArray, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import type { Tensor } from '../tensor.js';

/** Which axes a reduction runs over (sorted, from the front) and whether they stay as size 1. */
export interface ReduceAttrs {
  readonly axes: readonly number[];
  readonly keep: boolean;
}

export interface ReduceOptions {
  /** One axis, several, or all of them (the default). */
  readonly axis?: number | readonly number[];
  /** Keeps reduced axes with size 1. */
  readonly keep?: boolean;
}

export function reduceAttrs(x: Tensor, options: ReduceOptions, where: string): ReduceAttrs {
  return { axes: normalizeAxes(options.axis, x.rank, where), keep: options.keep ?? false };
}

export function inferReduce({ inputs: [x], attrs, refuse }: InferContext<ReduceAttrs>): Spec {
  if (x === undefined) throw refuse('one input is expected');
  const kept: Dim[] = x.shape.map((d, a) => (attrs.axes.includes(a) ? 1 : d));
  return { shape: attrs.keep ? kept : kept.filter((_, a) => !attrs.axes.includes(a)), dtype: x.dtype };
}

/** Puts reduced axes back with size 1, so that the value broadcasts against the input again. */
export function restoreAxes(y: Tensor, x: Tensor, attrs: ReduceAttrs): Tensor {
  return attrs.keep ? y : y.reshape(x.shape.map((d, a) => (attrs.axes.includes(a) ? 1 : d)));
}

/** A reduction over lists of elements, in float64. */
export function reduceRef(x: RefArray, attrs: ReduceAttrs, f: (values: readonly number[]) => number): RefArray {
  const kept = x.shape.map((d, a) => (attrs.axes.includes(a) ? 1 : d));
  const groups: number[][] = Array.from({ length: kept.reduce((a, b) => a * b, 1) }, () => []);
  // Along a reduced axis all indices are one place of the result.
  ref(x.shape, (index, flat) => {
    groups[place(kept, index)]?.push(x.data[flat] as number);
    return 0;
  });
  return { shape: attrs.keep ? kept : kept.filter((_, a) => !attrs.axes.includes(a)), data: Float64Array.from(groups, f) };
}

/** Cases that every reduction is checked on. */
export const reduceCases = [
  { attrs: { axes: [1], keep: false }, inputs: [{ shape: [3, 4] }] },
  { attrs: { axes: [0, 2], keep: true }, inputs: [{ shape: [2, 3, 4] }] },
  { attrs: { axes: [0, 1], keep: false }, inputs: [{ shape: [2, 3] }] },
  { attrs: { axes: [0], keep: false }, inputs: [{ shape: [5, 2, 3] }] },
] as const;
