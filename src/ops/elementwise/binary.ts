import { broadcastShapes, type DType } from '../../core/index.js';
import { type CaseInput, defineOp, type InferContext, type OpSpec, type VjpContext } from '../declare.js';
import { mapRef, type RefArray } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, asTensor, Tensor, type TensorLike } from '../tensor.js';

export type NoAttrs = Readonly<Record<string, never>>;

/** Both inputs of one dtype, shapes that broadcast: the rule of every two-input elementwise op. */
export function inferBinary({ inputs: [a, b], refuse }: InferContext<NoAttrs>, output?: DType): readonly Spec[] {
  if (a === undefined || b === undefined) throw refuse('two inputs are expected');
  if (a.dtype !== b.dtype) throw refuse('both inputs must have one dtype', { code: 'dtype', fix: 'Cast one of them with cast(x, dtype)' });
  const shape = broadcastShapes(a.shape, b.shape);
  if (shape === undefined)
    throw refuse('shapes must be equal, or 1, axis by axis from the right', { fix: 'Reshape or expand one of them' });
  return [{ shape, dtype: output ?? a.dtype }];
}

interface BinaryRule {
  readonly name: string;
  readonly doc: string;
  readonly f: (a: number, b: number) => number;
  readonly vjp: ((c: VjpContext<NoAttrs>) => readonly (Tensor | undefined)[]) | 'none';
  readonly onnx: string;
  /** How it is written where the operator alone will not do. */
  readonly lower?: OpSpec<NoAttrs>['lower'];
  /** The output's dtype where it is not the inputs'. */
  readonly output?: DType;
  readonly dtypes: (dtype: DType) => boolean;
  readonly cases?: readonly (readonly CaseInput[])[];
}

const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [3, 4],
    [3, 4],
  ],
  [[2, 3, 4], [4]],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [[], [2, 3]],
];

/** An elementwise op of two inputs that broadcast, which is one ONNX operator. */
export function defineBinary(rule: BinaryRule): OpSpec<NoAttrs> {
  return defineOp<NoAttrs>({
    name: rule.name,
    doc: rule.doc,
    inputs: ['a', 'b'],
    infer: (c) => {
      const specs = inferBinary(c, rule.output);
      if (!rule.dtypes((c.inputs[0] as Spec).dtype)) throw c.refuse(`inputs of another dtype are expected`, { code: 'dtype' });
      return specs;
    },
    vjp: rule.vjp,
    order: 'any',
    lower: rule.lower ?? ((e, { inputs }) => [e.one(rule.onnx, inputs)]),
    reference: ([a, b]) => [mapRef(rule.f, a as RefArray, b as RefArray)],
    cases: (rule.cases ?? shapes.map(([a, b]) => [{ shape: a }, { shape: b }])).map((inputs) => ({ attrs: {}, inputs })),
  });
}

/** The function form: numbers and arrays become constants of the other side's dtype. */
export function binary(op: OpSpec<NoAttrs>): (a: TensorLike, b: TensorLike) => Tensor {
  return (a, b) => {
    const left = asTensor(a, b instanceof Tensor ? b : undefined);
    return applyOne(op, [left, asTensor(b, left)], {});
  };
}
