import { normal, randomKey } from '#dist/core/index.js';
import type { RefArray } from '#dist/ops/index.js';

/** A matrix or a stack of them as plain nested loops read it. */
export type Rows = readonly (readonly number[])[];

/** Normal numbers, the same for the same name. */
export function numbers(name: string, shape: readonly number[]): RefArray {
  const key = randomKey(0, name);
  return { shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.fround(normal(key, i))) };
}

/** The rows of an array over its last axis. */
export function rowsOf({ shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<number | bigint> }): number[][] {
  const width = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / width }, (_, r) => Array.from({ length: width }, (__, c) => Number(data[r * width + c])));
}

/** x W + b by its definition. */
export function affine(x: Rows, w: Rows, b: readonly number[] = []): number[][] {
  return x.map((row) => (w[0] ?? []).map((_, j) => row.reduce((s, v, k) => s + v * (w[k]?.[j] ?? Number.NaN), b[j] ?? 0)));
}
