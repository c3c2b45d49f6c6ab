import { arrayOf, type DType, fail, HostArray, type Shape } from '../../core/index.js';
import { asTensor, type Tensor } from '../tensor.js';

/** A tensor of one value everywhere; sizes may be symbolic. */
export function full(shape: Shape, value: number, dtype: DType = 'float32'): Tensor {
  return asTensor(value, { shape: [], dtype }).expand(shape);
}

/** A tensor of zeros. */
export function zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 0, dtype);
}

/** A tensor of ones. */
export function ones(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 1, dtype);
}

/**
 * The whole numbers 0, 1, … below `length`, as a constant [length]; int32 unless told otherwise.
 * @throws value: length is not a whole number
 */
export function arange(length: number, dtype: 'int32' | 'float32' | 'float64' = 'int32'): Tensor {
  if (!Number.isInteger(length) || length < 0)
    throw fail('value', { where: 'arange', rule: 'a length that is a whole number', got: String(length) });
  const data = new arrayOf[dtype](length) as Int32Array | Float32Array | Float64Array;
  for (let i = 0; i < length; i++) data[i] = i;
  return asTensor(new HostArray(data, [length], dtype));
}
