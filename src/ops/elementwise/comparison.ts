import { type DType, isFloat } from '../../core/index.js';
import { Tensor, type TensorLike } from '../tensor.js';
import { binary, defineBinary } from './binary.js';

const ordered = (d: DType): boolean => isFloat(d) || d === 'int32';
const sign = (test: (a: number, b: number) => boolean) => (a: number, b: number) => (test(a, b) ? 1 : 0);
const cases = [
  [{ shape: [3, 4] }, { shape: [4] }],
  [
    { shape: [2, 3], dtype: 'int32', range: [0, 2] },
    { shape: [2, 3], dtype: 'int32', range: [0, 2] },
  ],
] as const;

const compare = (name: string, symbol: string, onnx: string, test: (a: number, b: number) => boolean) =>
  defineBinary({ name, doc: `y = a ${symbol} b, as bool.`, f: sign(test), vjp: 'none', onnx, output: 'bool', dtypes: ordered, cases });

/** y = a < b, as bool, with broadcasting. */
export const less = binary(compare('less', '<', 'Less', (a, b) => a < b));
/** y = a ≤ b, as bool, with broadcasting. */
export const lessEqual = binary(compare('less_equal', '≤', 'LessOrEqual', (a, b) => a <= b));
/** y = a > b, as bool, with broadcasting. */
export const greater = binary(compare('greater', '>', 'Greater', (a, b) => a > b));
/** y = a ≥ b, as bool, with broadcasting. */
export const greaterEqual = binary(compare('greater_equal', '≥', 'GreaterOrEqual', (a, b) => a >= b));
/** y = (a = b), as bool, with broadcasting. */
export const equal = binary(compare('equal', '=', 'Equal', (a, b) => a === b));

declare module '../tensor.js' {
  interface Tensor {
    less(b: TensorLike): Tensor;
    lessEqual(b: TensorLike): Tensor;
    greater(b: TensorLike): Tensor;
    greaterEqual(b: TensorLike): Tensor;
    equal(b: TensorLike): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  less(this: Tensor, b: TensorLike) {
    return less(this, b);
  },
  lessEqual(this: Tensor, b: TensorLike) {
    return lessEqual(this, b);
  },
  greater(this: Tensor, b: TensorLike) {
    return greater(this, b);
  },
  greaterEqual(this: Tensor, b: TensorLike) {
    return greaterEqual(this, b);
  },
  equal(this: Tensor, b: TensorLike) {
    return equal(this, b);
  },
});
