import { arrayOf, type DType, type TypedArray } from './dtype.js';
import { fail } from './errors.js';
import { formatShape, sizeOf, stridesOf } from './shape.js';

/** Numbers in nested arrays, as a person writes a matrix. */
export type Nested = number | boolean | readonly Nested[];

/** A concrete array in JavaScript's memory, row-major: how values enter and leave programs. */
export class HostArray {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;

  constructor(data: TypedArray, shape: readonly number[], dtype: DType) {
    if (!(data instanceof arrayOf[dtype])) {
      throw fail('dtype', { where: 'HostArray', rule: `${dtype} is held by ${arrayOf[dtype].name}`, got: data.constructor.name });
    }
    if (data.length !== sizeOf(shape)) {
      throw fail('shape', {
        where: 'HostArray',
        rule: `shape ${formatShape(shape)} holds ${sizeOf(shape)} elements`,
        got: String(data.length),
      });
    }
    this.data = data;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** The element at an index per axis, as a number (bool as 0 or 1). */
  at(...index: readonly number[]): number {
    const strides = stridesOf(this.shape);
    const bad =
      index.length !== this.shape.length || index.some((i, a) => !(Number.isInteger(i) && i >= 0 && i < (this.shape[a] as number)));
    if (bad) throw fail('axis', { where: 'HostArray.at', rule: `an index within ${formatShape(this.shape)}`, got: `[${index}]` });
    return Number(this.data[index.reduce((sum, i, a) => sum + i * (strides[a] as number), 0)]);
  }

  /** The value of a one-element array. */
  item(): number {
    if (this.data.length !== 1) {
      throw fail('shape', {
        where: 'HostArray.item',
        rule: 'one element',
        got: `shape ${formatShape(this.shape)}`,
        fix: 'Use at(...) or toArray()',
      });
    }
    return Number(this.data[0]);
  }

  /** Nested arrays of numbers (booleans for bool). */
  toArray(): Nested {
    const read = (axis: number, offset: number, strides: readonly number[]): Nested => {
      if (axis === this.shape.length) return this.dtype === 'bool' ? this.data[offset] === 1 : Number(this.data[offset]);
      return Array.from({ length: this.shape[axis] as number }, (_, i) => read(axis + 1, offset + i * (strides[axis] as number), strides));
    };
    return read(0, 0, stridesOf(this.shape));
  }
}

/**
 * A host array from nested numbers or a flat list with a shape.
 * Numbers become float32, booleans bool, typed arrays what their class says, unless `dtype` says otherwise.
 *
 * @example host([[1, 2], [3, 4]]).shape // [2, 2]
 */
export function host(values: Nested | ArrayLike<number>, options: { shape?: readonly number[]; dtype?: DType } = {}): HostArray {
  if (ArrayBuffer.isView(values)) {
    const dtype = options.dtype ?? dtypeOf(values as TypedArray);
    const data =
      values instanceof arrayOf[dtype] ? (values as TypedArray).slice() : filled(dtype, Array.from(values as unknown as ArrayLike<number>));
    return new HostArray(data, options.shape ?? [data.length], dtype);
  }
  const shape: number[] = [];
  const flat: (number | boolean)[] = [];
  for (let v: Nested | undefined = values as Nested; Array.isArray(v); v = v[0] as Nested | undefined) shape.push(v.length);
  flatten(values as Nested, 0, shape, flat);
  const dtype = options.dtype ?? (typeof flat[0] === 'boolean' ? 'bool' : 'float32');
  return new HostArray(filled(dtype, flat), options.shape ?? shape, dtype);
}

function filled(dtype: DType, values: readonly (number | boolean | bigint)[]): TypedArray {
  const data = new arrayOf[dtype](values.length);
  values.forEach((v, i) => {
    data[i] = (dtype === 'int64' ? BigInt(v) : Number(v)) as never;
  });
  return data;
}

/** The dtype that a typed array's class says; bytes are uint8, 16 bits are float16. */
function dtypeOf(values: TypedArray): DType {
  const order: readonly DType[] = ['float32', 'float64', 'int32', 'int64', 'uint32', 'uint8', 'int8', 'float16'];
  const found = order.find((d) => values instanceof arrayOf[d]);
  if (found === undefined)
    throw fail('dtype', { where: 'host', rule: 'a typed array that a dtype is held by', got: values.constructor.name });
  return found;
}

function flatten(v: Nested, axis: number, shape: readonly number[], out: (number | boolean)[]): void {
  const isArray = Array.isArray(v);
  if (isArray !== axis < shape.length || (isArray && v.length !== shape[axis])) {
    throw fail('shape', { where: 'host', rule: 'nested arrays must be rectangular', got: `a ragged array below axis ${axis}` });
  }
  if (isArray) for (const x of v as readonly Nested[]) flatten(x, axis + 1, shape, out);
  else if (typeof v === 'number' || typeof v === 'boolean') out.push(v);
  else throw fail('dtype', { where: 'host', rule: 'numbers or booleans, in nested arrays', got: v === null ? 'null' : typeof v });
}
