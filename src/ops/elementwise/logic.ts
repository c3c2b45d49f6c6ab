import { defineOp } from '../declare.js';
import { mapRef, type RefArray } from '../reference.js';
import { applyOne, asTensor, Tensor, type TensorLike } from '../tensor.js';
import { binary, defineBinary, type NoAttrs } from './binary.js';

const bool = (d: string): boolean => d === 'bool';
const cases = [
  [
    { shape: [3, 4], dtype: 'bool', range: [0, 1] },
    { shape: [4], dtype: 'bool', range: [0, 1] },
  ],
] as const;

/** y = a and b, bool, with broadcasting. */
export const logicalAnd = binary(
  defineBinary({
    name: 'logical_and',
    doc: 'y = a ∧ b.',
    f: (a, b) => a * b,
    vjp: 'none',
    onnx: 'And',
    // ONNX Runtime 1.30's WebGPU kernel keeps one shader for one-element operands and others: And gives wrong values.
    lower: (e, { inputs }) => {
      if (e.target.provider !== 'webgpu') return [e.one('And', inputs)];
      return [
        e.one('Not', [
          e.one(
            'Or',
            inputs.map((x) => e.one('Not', [x])),
          ),
        ]),
      ];
    },
    output: 'bool',
    dtypes: bool,
    cases,
  }),
);
/** y = a or b, bool, with broadcasting. */
export const logicalOr = binary(
  defineBinary({
    name: 'logical_or',
    doc: 'y = a ∨ b.',
    f: (a, b) => Math.max(a, b),
    vjp: 'none',
    onnx: 'Or',
    output: 'bool',
    dtypes: bool,
    cases,
  }),
);
/** y = exactly one of a, b; bool, with broadcasting. */
export const logicalXor = binary(
  defineBinary({
    name: 'logical_xor',
    doc: 'y = a ⊕ b.',
    f: (a, b) => (a + b) % 2,
    vjp: 'none',
    onnx: 'Xor',
    output: 'bool',
    dtypes: bool,
    cases,
  }),
);

const notOp = defineOp<NoAttrs>({
  name: 'logical_not',
  doc: 'y = ¬x.',
  inputs: ['x'],
  infer: ({ inputs: [x], refuse }) => {
    if (x?.dtype !== 'bool') throw refuse('a boolean tensor is expected', { code: 'dtype' });
    return [x];
  },
  vjp: 'none',
  order: 'any',
  lower: (e, { inputs }) => [e.one('Not', inputs)],
  reference: ([x]) => [mapRef((v) => 1 - v, x as RefArray)],
  cases: [{ attrs: {}, inputs: [{ shape: [2, 3], dtype: 'bool', range: [0, 1] }] }],
});

/** y = not x; bool. */
export const logicalNot = (x: TensorLike): Tensor => applyOne(notOp, [asTensor(x)], {});

declare module '../tensor.js' {
  interface Tensor {
    logicalNot(): Tensor;
    logicalAnd(b: TensorLike): Tensor;
    logicalOr(b: TensorLike): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  logicalNot(this: Tensor) {
    return logicalNot(this);
  },
  logicalAnd(this: Tensor, b: TensorLike) {
    return logicalAnd(this, b);
  },
  logicalOr(this: Tensor, b: TensorLike) {
    return logicalOr(this, b);
  },
});
