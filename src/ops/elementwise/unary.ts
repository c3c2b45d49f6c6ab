import { isFloat } from '../../core/index.js';
import { type CaseInput, defineOp, type OpSpec } from '../declare.js';
import { mapRef } from '../reference.js';
import { applyOne, asTensor, type Tensor, type TensorLike } from '../tensor.js';

interface UnaryRule {
  readonly name: string;
  readonly doc: string;
  /** y = f(x), in float64. */
  readonly f: (x: number) => number;
  /** dL/dx from g = dL/dy. */
  readonly vjp: ((c: { x: Tensor; y: Tensor; g: Tensor }) => Tensor) | 'none';
  /** The ONNX operator. */
  readonly onnx: string;
  readonly cases?: readonly CaseInput[];
}

type NoAttrs = Readonly<Record<string, never>>;

/** An op on each float element that is one ONNX operator. */
export function defineUnary(rule: UnaryRule): OpSpec<NoAttrs> {
  const { vjp } = rule;
  return defineOp<NoAttrs>({
    name: rule.name,
    doc: rule.doc,
    inputs: ['x'],
    infer: ({ inputs: [x], refuse }) => {
      if (x === undefined || !isFloat(x.dtype))
        throw refuse('a float tensor is expected', { code: 'dtype', fix: "Use cast(x, 'float32')" });
      return [x];
    },
    vjp: vjp === 'none' ? 'none' : ({ inputs: [x], outputs: [y], g }) => [vjp({ x: x as Tensor, y: y as Tensor, g })],
    order: 'any',
    lower: (e, { inputs: [x] }) => [e.one(rule.onnx, [x as string])],
    reference: ([x]) => [mapRef(rule.f, x as never)],
    cases: (rule.cases ?? [{ shape: [3, 4] }, { shape: [] }, { shape: [2, 1, 5] }]).map((input) => ({ attrs: {}, inputs: [input] })),
  });
}

/** The function form of a unary op. */
export function unary(op: OpSpec<NoAttrs>): (x: TensorLike) => Tensor {
  return (x) => applyOne(op, [asTensor(x)], {});
}
