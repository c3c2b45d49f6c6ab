/**
 * Element types. Users meet float32, int32 and bool; float64 serves gradient checking, uint32 random bits,
 * float16 and the 8-bit types are for storage only. int64 exists in checkpoints and in lowering, never in user code.
 */
export type DType = 'float32' | 'float64' | 'float16' | 'int32' | 'int64' | 'uint32' | 'uint8' | 'int8' | 'bool';

export type TypedArray = Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array | Uint32Array | Uint8Array | Int8Array;

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

/** The typed array that holds each dtype; float16 as raw bits, bool as 0 or 1 bytes. */
export const arrayOf: Readonly<Record<DType, TypedArrayConstructor>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
};

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return arrayOf[dtype].BYTES_PER_ELEMENT;
}

export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16';
}
