import { type Dim, equalDims, multiplyDims } from './dim.js';
import { fail } from './errors.js';

/** Sizes of the axes, outermost first. A scalar has shape `[]`. */
export type Shape = readonly Dim[];

/** `[B,4,T]`, as it stands in error messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

export function equalShapes(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => equalDims(d, b[i] as Dim));
}

/** Number of elements; symbolic where a size is. */
export function sizeOf(shape: readonly number[]): number;
export function sizeOf(shape: Shape): Dim;
export function sizeOf(shape: Shape): Dim {
  return shape.reduce<Dim>((a, b) => multiplyDims(a, b), 1);
}

/** The shape as numbers, or `undefined` when a size is symbolic. */
export function concrete(shape: Shape): number[] | undefined {
  return shape.every((d) => typeof d === 'number') ? (shape.slice() as number[]) : undefined;
}

/** An axis counted from the front; negative axes count from the back. */
export function normalizeAxis(axis: number, rank: number, where: string): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || at < 0 || at >= rank) {
    throw fail('axis', {
      where,
      rule: `an axis lies between ${-rank} and ${rank - 1} for rank ${rank}`,
      got: String(axis),
    });
  }
  return at;
}

/** Several axes, sorted, without repeats. `undefined` means all. */
export function normalizeAxes(axes: number | readonly number[] | undefined, rank: number, where: string): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === 'number' ? [axes] : axes).map((a) => normalizeAxis(a, rank, where));
  if (new Set(list).size !== list.length) {
    throw fail('axis', { where, rule: 'an axis may be named once', got: `[${axes}]` });
  }
  return list.sort((a, b) => a - b);
}

/** NumPy's rule: shapes align at the right, an axis of 1 stretches. `undefined` when they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Dim[] | undefined {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (equalDims(x, y) || y === 1) out.push(x);
    else if (x === 1) out.push(y);
    else return undefined;
  }
  return out;
}

/** Row-major strides of a concrete shape, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i] as number;
  }
  return strides;
}

/** A size that must be a number here. @throws shape: it is symbolic */
export function knownSize(d: Dim, where: string): number {
  if (typeof d === 'number') return d;
  throw fail('shape', { where, rule: 'a size known when the program is traced', got: d.key, fix: 'Pin it: trace with a number' });
}

/** The index per axis of an element counted in row-major order. */
export function indexOfElement(flat: number, shape: readonly number[]): number[] {
  let rest = flat;
  return shape.reduceRight<number[]>((index, size) => {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
    return index;
  }, []);
}
