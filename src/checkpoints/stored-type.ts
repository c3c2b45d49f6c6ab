import { arrayOf, type DType, fail, HostArray } from '../core/index.js';
import { bfloat16ToFloat32, float16ToFloat32 } from './float16.js';

/** Bytes of one element of each dtype a safetensors file may name. Not all of them can be loaded. */
export const storedBytes: ReadonlyMap<string, number> = new Map([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
  ['I64', 8],
  ['I32', 4],
  ['I16', 2],
  ['I8', 1],
  ['U64', 8],
  ['U32', 4],
  ['U16', 2],
  ['U8', 1],
  ['BOOL', 1],
  ['F8_E4M3', 1],
  ['F8_E5M2', 1],
]);

/** The name each of our dtypes has in a file. */
export const storedName: Readonly<Record<DType, string>> = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  int32: 'I32',
  int64: 'I64',
  uint32: 'U32',
  uint8: 'U8',
  int8: 'I8',
  bool: 'BOOL',
};

const ourName: ReadonlyMap<string, DType> = new Map(Object.entries(storedName).map(([ours, stored]) => [stored, ours as DType]));

/**
 * Bytes of a file as a host array of the dtype they are stored in; BF16, which no host array holds, as float32.
 *
 * @throws `unsupported` for a dtype we do not load; `file` for a BOOL byte that is neither 0 nor 1
 */
export function asStored(bytes: Uint8Array, dtype: string, shape: readonly number[], where: string, tensor: string): HostArray {
  if (dtype === 'BF16') return new HostArray(bfloat16ToFloat32(viewOf('float16', bytes) as Uint16Array), shape, 'float32');
  const ours = ourName.get(dtype);
  if (ours === undefined) {
    throw fail('unsupported', {
      where,
      rule: `tensor ${tensor} has a dtype among ${[...ourName.keys(), 'BF16'].join(', ')}`,
      got: dtype,
      fix: 'Convert it to one of these',
    });
  }
  if (ours === 'bool' && bytes.some((b) => b > 1)) {
    throw fail('file', { where, rule: `tensor ${tensor} of dtype BOOL holds bytes 0 and 1`, got: 'another byte' });
  }
  return new HostArray(viewOf(ours, bytes), shape, ours);
}

/**
 * A stored array as programs want it: float16 widened to float32, int64 to int32; the rest as it is.
 *
 * @throws `checkpoint` when an int64 does not fit 32 bits
 */
export function widen(array: HostArray, where: string, tensor: string): HostArray {
  if (array.dtype === 'float16') return new HostArray(float16ToFloat32(array.data as Uint16Array), array.shape, 'float32');
  if (array.dtype !== 'int64') return array;
  const { buffer, byteOffset, length } = array.data;
  const words = new Int32Array(buffer, byteOffset, 2 * length); // low word, high word: far faster than BigInts
  const out = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const low = words[2 * i] as number;
    if (words[2 * i + 1] !== low >> 31) {
      throw fail('checkpoint', {
        where,
        rule: `the int64 values of tensor ${tensor} fit 32 bits`,
        got: `${array.data[i]} at element ${i}`,
        fix: 'Use loadRaw for the int64 values',
      });
    }
    out[i] = low;
  }
  return new HostArray(out, array.shape, 'int32');
}

/** A typed array over the bytes; copied only where they do not lie on the element's boundary. */
function viewOf(dtype: DType, bytes: Uint8Array): HostArray['data'] {
  const type = arrayOf[dtype];
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new type(aligned.buffer, aligned.byteOffset, aligned.byteLength / type.BYTES_PER_ELEMENT);
}
