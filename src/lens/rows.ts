import { HostArray } from '../core/index.js';
import type { Feeds } from './subject/subject.js';

type Data = Float32Array<ArrayBuffer>;

/** One row of an array, [1,…], a view of it; an array of one row is every row's. */
export function rowOf({ data, shape, dtype }: HostArray, row: number): HostArray {
  const rows = shape[0] as number;
  const size = data.length / Math.max(1, rows);
  const from = rows === 1 ? 0 : row * size;
  return new HostArray((data as Data).subarray(from, from + size), [1, ...shape.slice(1)], dtype);
}

/** An array of one row as several. */
export function repeated({ data, shape, dtype }: HostArray, rows: number): HostArray {
  const out = new (data.constructor as Float32ArrayConstructor)(data.length * rows);
  for (let r = 0; r < rows; r++) out.set(data as Data, r * data.length);
  return new HostArray(out, [rows, ...shape.slice(1)], dtype);
}

/** How many rows a model is fed. */
export function rowCount(feeds: Feeds): number {
  return Object.values(feeds)[0]?.shape[0] as number;
}

/** One row of what a model is fed, `count` times. */
export function feedsOfRow(feeds: Feeds, row: number, count = 1): Feeds {
  return Object.fromEntries(Object.entries(feeds).map(([name, array]) => [name, repeated(rowOf(array, row), count)]));
}
