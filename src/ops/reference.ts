import { broadcastShapes } from '../core/index.js';

/** A float64 array with a shape: what the naive references compute with. Integers and booleans are exact in it. */
export interface RefArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function ref(shape: readonly number[], fill: (index: readonly number[], flat: number) => number): RefArray {
  const data = new Float64Array(elements(shape));
  const index = shape.map(() => 0);
  for (let flat = 0; flat < data.length; flat++) {
    data[flat] = fill(index, flat);
    next(index, shape);
  }
  return { shape, data };
}

function elements(shape: readonly number[]): number {
  let size = 1;
  for (let a = 0; a < shape.length; a++) size *= shape[a] as number;
  return size;
}

/** Moves an index to the next element in row-major order. */
function next(index: number[], shape: readonly number[]): void {
  for (let a = shape.length - 1; a >= 0; a--) {
    index[a] = (index[a] as number) + 1;
    if ((index[a] as number) < (shape[a] as number)) return;
    index[a] = 0;
  }
}

/** Where the element at an index lies; axes of size 1 stretch, missing leading axes are ignored (broadcasting). */
export function place(shape: readonly number[], index: readonly number[]): number {
  const skip = index.length - shape.length;
  let flat = 0;
  for (let a = 0; a < shape.length; a++) {
    const size = shape[a] as number;
    if (size !== 1) flat = flat * size + (index[a + skip] as number);
  }
  return flat;
}

/** The element at an index, broadcast. */
export function read(x: RefArray, index: readonly number[]): number {
  return x.data[place(x.shape, index)] as number;
}

/** `f` over elements of arrays that broadcast together. */
export function mapRef(f: (...values: number[]) => number, ...inputs: readonly RefArray[]): RefArray {
  let shape: readonly number[] = [];
  for (const x of inputs) shape = broadcastShapes(shape, x.shape) as number[];
  const whole = inputs.map((x) => broadcast(x, shape));
  const [a, b] = whole as [Float64Array, Float64Array];
  const data = new Float64Array(elements(shape));
  if (whole.length === 1) for (let i = 0; i < data.length; i++) data[i] = f(a[i] as number);
  else if (whole.length === 2) for (let i = 0; i < data.length; i++) data[i] = f(a[i] as number, b[i] as number);
  else for (let i = 0; i < data.length; i++) data[i] = f(...whole.map((x) => x[i] as number));
  return { shape, data };
}

/** An array's elements stretched to a shape. */
function broadcast(x: RefArray, shape: readonly number[]): Float64Array {
  const size = elements(shape);
  if (x.data.length === size) return x.data;
  if (x.data.length === 1) return new Float64Array(size).fill(x.data[0] as number);
  return ref(shape, (index) => read(x, index)).data;
}

/** Replaces one axis of an index. */
export function withAxis(index: readonly number[], axis: number, value: number): number[] {
  const next = index.slice();
  next[axis] = value;
  return next;
}
