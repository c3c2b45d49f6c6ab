import { broadcastShapes, sizeOf, stridesOf } from '../core/index.js';

/** A float64 array with a shape: what the naive references compute with. Integers and booleans are exact in it. */
export interface RefArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function ref(shape: readonly number[], fill: (index: readonly number[], flat: number) => number): RefArray {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let flat = 0; flat < data.length; flat++) {
    data[flat] = fill(index, flat);
    for (let a = shape.length - 1; a >= 0; a--) {
      index[a] = (index[a] as number) + 1;
      if ((index[a] as number) < (shape[a] as number)) break;
      index[a] = 0;
    }
  }
  return { shape, data };
}

/** The element at an index; axes of size 1 stretch, missing leading axes are ignored (broadcasting). */
export function read(x: RefArray, index: readonly number[]): number {
  const strides = stridesOf(x.shape);
  const skip = index.length - x.shape.length;
  let flat = 0;
  for (let a = 0; a < x.shape.length; a++) {
    if (x.shape[a] !== 1) flat += (strides[a] as number) * (index[a + skip] as number);
  }
  return x.data[flat] as number;
}

/** `f` over elements of arrays that broadcast together. */
export function mapRef(f: (...values: number[]) => number, ...inputs: readonly RefArray[]): RefArray {
  let shape: readonly number[] = [];
  for (const x of inputs) shape = broadcastShapes(shape, x.shape) as number[];
  return ref(shape, (index) => f(...inputs.map((x) => read(x, index))));
}

/** Replaces one axis of an index. */
export function withAxis(index: readonly number[], axis: number, value: number): number[] {
  const next = index.slice();
  next[axis] = value;
  return next;
}
