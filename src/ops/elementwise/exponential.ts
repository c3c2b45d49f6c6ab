import { Tensor } from '../tensor.js';
import { defineUnary, unary } from './unary.js';

const positive = [
  { shape: [3, 4], range: [0.2, 3] as const },
  { shape: [], range: [0.5, 2] as const },
];

const expOp = defineUnary({ name: 'exp', doc: 'y = eˣ.', f: Math.exp, vjp: ({ y, g }) => g.mul(y), onnx: 'Exp' });
const logOp = defineUnary({
  name: 'log',
  doc: 'y = ln x, for x > 0.',
  f: Math.log,
  vjp: ({ x, g }) => g.div(x),
  onnx: 'Log',
  cases: positive,
});
const sqrtOp = defineUnary({
  name: 'sqrt',
  doc: 'y = √x, for x ≥ 0.',
  f: Math.sqrt,
  vjp: ({ y, g }) => g.div(y.mul(2)),
  onnx: 'Sqrt',
  cases: positive,
});
const reciprocalOp = defineUnary({
  name: 'reciprocal',
  doc: 'y = 1/x.',
  f: (x) => 1 / x,
  vjp: ({ y, g }) => g.mul(y.mul(y)).neg(),
  onnx: 'Reciprocal',
  cases: positive,
});
const sinOp = defineUnary({ name: 'sin', doc: 'y = sin x, x in radians.', f: Math.sin, vjp: ({ x, g }) => g.mul(cos(x)), onnx: 'Sin' });
const cosOp = defineUnary({
  name: 'cos',
  doc: 'y = cos x, x in radians.',
  f: Math.cos,
  vjp: ({ x, g }) => g.mul(sin(x)).neg(),
  onnx: 'Cos',
});

/** y = eˣ, elementwise; any shape, float. */
export const exp = unary(expOp);
/** y = ln x, elementwise; NaN below 0. */
export const log = unary(logOp);
/** y = √x, elementwise; NaN below 0. */
export const sqrt = unary(sqrtOp);
/** y = 1/x, elementwise. */
export const reciprocal = unary(reciprocalOp);
/** y = 1/√x, elementwise. */
export const rsqrt = (x: Parameters<typeof sqrt>[0]): Tensor => reciprocal(sqrt(x));
/** y = sin x, elementwise. */
export const sin = unary(sinOp);
/** y = cos x, elementwise. */
export const cos = unary(cosOp);

declare module '../tensor.js' {
  interface Tensor {
    exp(): Tensor;
    log(): Tensor;
    sqrt(): Tensor;
    reciprocal(): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  exp(this: Tensor) {
    return exp(this);
  },
  log(this: Tensor) {
    return log(this);
  },
  sqrt(this: Tensor) {
    return sqrt(this);
  },
  reciprocal(this: Tensor) {
    return reciprocal(this);
  },
});
