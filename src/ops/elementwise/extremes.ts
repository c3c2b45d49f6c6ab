import { type DType, isFloat } from '../../core/index.js';
import { Tensor, type TensorLike } from '../tensor.js';
import { binary, defineBinary } from './binary.js';
import { defineUnary, unary } from './unary.js';

const ordered = (d: DType): boolean => isFloat(d) || d === 'int32';

/** 1 where a > b, ½ where they are equal, 0 elsewhere: whose value a maximum is. */
function share(a: Tensor, b: Tensor): Tensor {
  return a.greater(b).cast(a.dtype).add(a.greaterEqual(b).cast(a.dtype)).mul(0.5);
}

const absOp = defineUnary({
  name: 'abs',
  doc: 'y = |x|; its derivative at 0 is taken as 0.',
  f: Math.abs,
  // The sign as a difference of comparisons: WebGPU has no Sign.
  vjp: ({ x, g }) => g.mul(x.greater(0).cast(x.dtype).sub(x.less(0).cast(x.dtype))),
  onnx: 'Abs',
});
const maximumOp = defineBinary({
  name: 'maximum',
  doc: 'y = max(a, b), elementwise; where they are equal, each gets half of the gradient.',
  f: Math.max,
  vjp: ({ inputs, g, needs }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    return [needs[0] ? g.mul(share(a, b)).sumTo(a.shape) : undefined, needs[1] ? g.mul(share(b, a)).sumTo(b.shape) : undefined];
  },
  onnx: 'Max',
  dtypes: ordered,
});
const minimumOp = defineBinary({
  name: 'minimum',
  doc: 'y = min(a, b), elementwise; where they are equal, each gets half of the gradient.',
  f: Math.min,
  vjp: ({ inputs, g, needs }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    return [needs[0] ? g.mul(share(b, a)).sumTo(a.shape) : undefined, needs[1] ? g.mul(share(a, b)).sumTo(b.shape) : undefined];
  },
  onnx: 'Min',
  dtypes: ordered,
});

/** y = |x|, elementwise; float. */
export const abs = unary(absOp);
/** y = max(a, b) elementwise, with broadcasting; equal values share the gradient. */
export const maximum = binary(maximumOp);
/** y = min(a, b) elementwise, with broadcasting; equal values share the gradient. */
export const minimum = binary(minimumOp);
/** y = min(max(x, low), high): values outside [low, high] are moved to its ends, and get no gradient. */
export const clip = (x: Tensor, low: number, high: number): Tensor => minimum(maximum(x, low), high);

declare module '../tensor.js' {
  interface Tensor {
    abs(): Tensor;
    maximum(b: TensorLike): Tensor;
    minimum(b: TensorLike): Tensor;
    clip(low: number, high: number): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  abs(this: Tensor) {
    return abs(this);
  },
  maximum(this: Tensor, b: TensorLike) {
    return maximum(this, b);
  },
  minimum(this: Tensor, b: TensorLike) {
    return minimum(this, b);
  },
  clip(this: Tensor, low: number, high: number) {
    return clip(this, low, high);
  },
});
