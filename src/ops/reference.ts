import { broadcastShapes, sizeOf } from '../core/index.js';

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
  const skip = index.length - x.shape.length;
  let flat = 0;
  for (let a = 0; a < x.shape.length; a++) {
    const size = x.shape[a] as number;
    flat = size * flat + (size === 1 ? 0 : (index[a + skip] as number));
  }
  return x.data[flat] as number;
}

/** `f` over elements of arrays that broadcast together. */
export function mapRef(f: (...values: number[]) => number, ...inputs: readonly RefArray[]): RefArray {
  let shape: readonly number[] = [];
  for (const x of inputs) shape = broadcastShapes(shape, x.shape) as number[];
  // Where nothing stretches, elements stand in the order of the result. Constants are folded by this: it should not tarry.
  const isWhole = inputs.map((x) => x.data.length === sizeOf(shape));
  const values = inputs.map(() => 0);
  return ref(shape, (index, flat) => {
    inputs.forEach((x, i) => {
      values[i] = isWhole[i] ? (x.data[flat] as number) : read(x, index);
    });
    return f(...values);
  });
}

/** Replaces one axis of an index. */
export function withAxis(index: readonly number[], axis: number, value: number): number[] {
  const next = index.slice();
  next[axis] = value;
  return next;
}
