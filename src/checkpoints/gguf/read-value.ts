import { quote } from '../quote.js';
import type { Cursor } from './cursor.js';
import { type GgufArray, type GgufValue, mostArrayLevels, type ValueType, valueTypes } from './values.js';

type NumberType = Exclude<ValueType, 'bool' | 'string' | 'array' | 'uint64' | 'int64'>;

interface NumberReader {
  readonly bytes: number;
  readonly make: (count: number) => { [index: number]: number; readonly length: number };
  readonly get: (view: DataView, at: number) => number;
}

const numbers: Readonly<Record<NumberType, NumberReader>> = {
  uint8: { bytes: 1, make: (n) => new Uint8Array(n), get: (v, at) => v.getUint8(at) },
  int8: { bytes: 1, make: (n) => new Int8Array(n), get: (v, at) => v.getInt8(at) },
  uint16: { bytes: 2, make: (n) => new Uint16Array(n), get: (v, at) => v.getUint16(at, true) },
  int16: { bytes: 2, make: (n) => new Int16Array(n), get: (v, at) => v.getInt16(at, true) },
  uint32: { bytes: 4, make: (n) => new Uint32Array(n), get: (v, at) => v.getUint32(at, true) },
  int32: { bytes: 4, make: (n) => new Int32Array(n), get: (v, at) => v.getInt32(at, true) },
  float32: { bytes: 4, make: (n) => new Float32Array(n), get: (v, at) => v.getFloat32(at, true) },
  float64: { bytes: 8, make: (n) => new Float64Array(n), get: (v, at) => v.getFloat64(at, true) },
};

/** The fewest bytes that an item takes in the file: a string has its length, an array its type and length. */
function leastBytes(type: ValueType): number {
  if (type === 'bool') return 1;
  if (type === 'string' || type === 'uint64' || type === 'int64') return 8;
  return type === 'array' ? 12 : numbers[type].bytes;
}

/** A metadata value: the number of its type, then itself. @throws file: a type or length that cannot be */
export function readValue(cursor: Cursor, key: string): GgufValue {
  const what = `the metadata value ${quote(key)}`;
  const type = readType(cursor, what);
  if (type === 'array') return { type, value: readArray(cursor, what, 1) };
  if (type === 'string') return { type, value: cursor.string(what) };
  if (type === 'bool') return { type, value: readBool(cursor, what) };
  if (type === 'uint64') return { type, value: cursor.view.getBigUint64(cursor.take(8, what), true) };
  if (type === 'int64') return { type, value: cursor.view.getBigInt64(cursor.take(8, what), true) };
  const { bytes, get } = numbers[type];
  return { type, value: get(cursor.view, cursor.take(bytes, what)) };
}

function readType(cursor: Cursor, what: string): ValueType {
  const id = cursor.uint32(`the type of ${what}`);
  const type = valueTypes[id];
  if (type === undefined) throw cursor.broken(`${what} has a type from 0 to ${valueTypes.length - 1}`, String(id));
  return type;
}

function readBool(cursor: Cursor, what: string): boolean {
  const byte = cursor.view.getUint8(cursor.take(1, what));
  if (byte > 1) throw cursor.broken(`${what} is a bool, 0 or 1`, String(byte));
  return byte === 1;
}

function readArray(cursor: Cursor, what: string, level: number): GgufArray {
  if (level > mostArrayLevels) throw cursor.broken(`${what} has at most ${mostArrayLevels} levels of arrays`, 'more');
  const of = readType(cursor, what);
  const count = cursor.count(`the length of ${what}`, leastBytes(of));
  if (of === 'array') return { of, items: readItems(count, () => readArray(cursor, what, level + 1)) };
  if (of === 'string') return { of, items: readItems(count, () => cursor.string(what)) };
  const at = cursor.take(count * leastBytes(of), what);
  const { view } = cursor;
  if (of === 'uint64') return { of, items: BigUint64Array.from({ length: count }, (_, i) => view.getBigUint64(at + 8 * i, true)) };
  if (of === 'int64') return { of, items: BigInt64Array.from({ length: count }, (_, i) => view.getBigInt64(at + 8 * i, true)) };
  if (of === 'bool') {
    const items = Array.from(cursor.bytes.subarray(at, at + count), (byte) => {
      if (byte > 1) throw cursor.broken(`${what} holds bools, 0 or 1`, String(byte));
      return byte === 1;
    });
    return { of, items };
  }
  const { bytes, make, get } = numbers[of];
  const items = make(count);
  for (let i = 0; i < count; i++) items[i] = get(view, at + bytes * i);
  return { of, items };
}

/** Grows with what is read: a claimed length allocates nothing. */
function readItems<T>(count: number, read: () => T): T[] {
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}
