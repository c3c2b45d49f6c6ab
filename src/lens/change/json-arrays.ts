import { fail, HostArray } from '../../core/index.js';
import { float32ToBase64 } from '../picture/base64.js';
import { described, type UnpackArray } from './json-fields.js';
import type { PackArray } from './kind.js';

/** An array in JSON: its shape, and the base64 of its float32 bits, little-endian. */
export const packInline: PackArray = (array) => ({ shape: array.shape, float32: float32ToBase64(array.data as Float32Array) });

/** An array in JSON as the name of a tensor in a file beside it. @param tensors gets the arrays */
export function packBeside(tensors: Map<string, HostArray>): PackArray {
  return (array) => {
    const name = `array.${tensors.size}`;
    tensors.set(name, array);
    return { tensor: name };
  };
}

/** Reads either form. @param tensors those of the file beside */
export function unpackWith(tensors: ReadonlyMap<string, HostArray>): UnpackArray {
  return (value, where) => {
    const { shape, float32, tensor } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (typeof tensor === 'string') {
      const found = tensors.get(tensor);
      if (found !== undefined) return found;
      throw fail('file', { where, rule: 'a tensor of the file beside', got: described(tensor), fix: 'Keep the two files together' });
    }
    const isShape = Array.isArray(shape) && shape.length <= 8 && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!isShape || typeof float32 !== 'string') throw fail('file', { where, rule: 'an array: { shape, float32 }', got: described(value) });
    return new HostArray(decoded(float32, shape as number[], where), shape as number[], 'float32');
  };
}

function decoded(text: string, shape: readonly number[], where: string): Float32Array {
  const count = shape.reduce((a, b) => a * b, 1);
  let binary: string;
  try {
    binary = atob(text);
  } catch (cause) {
    throw fail('file', { where, rule: 'base64 of float32 numbers', got: 'other text', cause });
  }
  if (binary.length !== 4 * count) {
    throw fail('file', { where, rule: `${4 * count} bytes of an array [${shape}]`, got: String(binary.length) });
  }
  const view = new DataView(Uint8Array.from(binary, (c) => c.charCodeAt(0)).buffer);
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
}
