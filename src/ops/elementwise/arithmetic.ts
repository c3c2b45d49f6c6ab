import { type DType, isFloat } from '../../core/index.js';
import { Tensor, type TensorLike } from '../tensor.js';
import { binary, defineBinary } from './binary.js';
import { defineUnary, unary } from './unary.js';

const numeric = (d: DType): boolean => d !== 'bool';

const addOp = defineBinary({
  name: 'add',
  doc: 'y = a + b.',
  f: (a, b) => a + b,
  vjp: ({ inputs: [a, b], g }) => [g.sumTo((a as Tensor).shape), g.sumTo((b as Tensor).shape)],
  onnx: 'Add',
  dtypes: numeric,
});
const subtractOp = defineBinary({
  name: 'sub',
  doc: 'y = a − b.',
  f: (a, b) => a - b,
  vjp: ({ inputs: [a, b], g, needs }) => [g.sumTo((a as Tensor).shape), needs[1] ? g.neg().sumTo((b as Tensor).shape) : undefined],
  onnx: 'Sub',
  dtypes: numeric,
});
const multiplyOp = defineBinary({
  name: 'mul',
  doc: 'y = a · b, elementwise.',
  f: (a, b) => a * b,
  vjp: ({ inputs, g, needs }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    return [needs[0] ? g.mul(b).sumTo(a.shape) : undefined, needs[1] ? g.mul(a).sumTo(b.shape) : undefined];
  },
  onnx: 'Mul',
  dtypes: numeric,
});
const divideOp = defineBinary({
  name: 'div',
  doc: 'y = a / b, elementwise; floats.',
  f: (a, b) => a / b,
  vjp: ({ inputs, outputs: [y], g, needs }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    const ga = g.div(b);
    return [
      ga.sumTo(a.shape),
      needs[1]
        ? ga
            .mul(y as Tensor)
            .neg()
            .sumTo(b.shape)
        : undefined,
    ];
  },
  onnx: 'Div',
  dtypes: isFloat,
  cases: [
    [{ shape: [3, 4] }, { shape: [3, 4], range: [0.5, 2] }],
    [{ shape: [2, 3, 1] }, { shape: [4], range: [0.5, 2] }],
  ],
});
const powerOp = defineBinary({
  name: 'pow',
  doc: 'y = aᵇ, for a > 0 (or a whole constant b).',
  f: (a, b) => a ** b,
  vjp: ({ inputs, outputs: [y], g, needs }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    return [
      needs[0]
        ? g
            .mul(b)
            .mul(a.pow(b.sub(1)))
            .sumTo(a.shape)
        : undefined,
      needs[1]
        ? g
            .mul(y as Tensor)
            .mul(a.log())
            .sumTo(b.shape)
        : undefined,
    ];
  },
  onnx: 'Pow',
  dtypes: isFloat,
  cases: [
    [
      { shape: [2, 3], range: [0.3, 2] },
      { shape: [3], range: [-1.5, 2.5] },
    ],
  ],
});
const negateOp = defineUnary({ name: 'neg', doc: 'y = −x.', f: (x) => -x, vjp: ({ g }) => g.neg(), onnx: 'Neg' });

/** y = a + b, with broadcasting. */
export const add = binary(addOp);
/** y = a − b, with broadcasting. */
export const sub = binary(subtractOp);
/** y = a · b elementwise, with broadcasting. */
export const mul = binary(multiplyOp);
/** y = a / b elementwise, with broadcasting; floats. */
export const div = binary(divideOp);
/** y = aᵇ elementwise, with broadcasting; a > 0. */
export const pow = binary(powerOp);
/** y = −x; floats. */
export const neg = unary(negateOp);
/** y = x²; floats. */
export const square = (x: Tensor): Tensor => x.mul(x);

declare module '../tensor.js' {
  interface Tensor {
    add(b: TensorLike): Tensor;
    sub(b: TensorLike): Tensor;
    mul(b: TensorLike): Tensor;
    div(b: TensorLike): Tensor;
    pow(b: TensorLike): Tensor;
    neg(): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  add(this: Tensor, b: TensorLike) {
    return add(this, b);
  },
  sub(this: Tensor, b: TensorLike) {
    return sub(this, b);
  },
  mul(this: Tensor, b: TensorLike) {
    return mul(this, b);
  },
  div(this: Tensor, b: TensorLike) {
    return div(this, b);
  },
  pow(this: Tensor, b: TensorLike) {
    return pow(this, b);
  },
  neg(this: Tensor) {
    return neg(this);
  },
});
