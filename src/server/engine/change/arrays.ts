import { fail, HostArray } from '../../../core/index.js';
import type { Matrix } from '../../protocol/index.js';

/** One place of an axis, which stays with size 1. @throws axis: no such place */
export function sliceOf({ shape, data }: HostArray, axis: number, place: number): HostArray {
  const size = shape[axis] as number;
  if (!(Number.isInteger(place) && place >= 0 && place < size))
    throw fail('axis', { where: 'position', rule: `a place from 0 to ${size - 1}`, got: String(place) });
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const out = new Float32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    const from = (o * size + place) * inner;
    out.set((data as Float32Array).subarray(from, from + inner), o * inner);
  }
  return new HostArray(
    out,
    shape.map((n, a) => (a === axis ? 1 : n)),
    'float32',
  );
}

export function at(array: HostArray, axis: number, place: number): Matrix {
  const { shape, data } = sliceOf(array, axis, place);
  return { shape, data: data as Float32Array };
}

/** The mean over an axis, which stays with size 1. */
export function meanOver(array: HostArray, axis: number): Matrix {
  const size = array.shape[axis] as number;
  const sums = sliceOf(array, axis, 0);
  for (let place = 1; place < size; place++) {
    const { data } = sliceOf(array, axis, place);
    data.forEach((x, i) => {
      (sums.data as Float32Array)[i] = (sums.data[i] as number) + (x as number);
    });
  }
  return { shape: sums.shape, data: (sums.data as Float32Array).map((x) => x / size) };
}

export function subtracted(a: Matrix, b: Matrix): Matrix {
  return { shape: a.shape, data: a.data.map((x, i) => x - (b.data[i] as number)) };
}
