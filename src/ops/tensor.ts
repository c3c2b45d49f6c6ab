import { type DType, type ErrorCode, fail, HostArray, host, type Nested, type Shape } from '../core/index.js';
import { type Attrs, describeInputs, type Op, type OpSpec } from './declare.js';
import { currentPath } from './scope.js';
import type { Spec } from './spec.js';

/** One application of an op. Graphs are nodes that refer to the tensors they read; garbage collection does the rest. */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attrs: Attrs;
  readonly outputs: readonly Tensor[];
  /** Path of the module that was being traced. */
  readonly path: string;
}

/** A symbolic value: an output of a node, with its shape and dtype. It holds no numbers. */
export class Tensor implements Spec {
  constructor(
    readonly node: Node,
    readonly index: number,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

  get rank(): number {
    return this.shape.length;
  }
}

/** What functions over tensors accept: numbers and arrays become constants. */
export type TensorLike = Tensor | HostArray | Nested;

/** Applies an op: infers shapes and dtypes at once, so that misuse fails here, with the module path. */
export function apply<A>(op: OpSpec<A>, inputs: readonly Tensor[], attrs: A): readonly Tensor[] {
  const path = currentPath();
  const refuse = (rule: string, o: { code?: ErrorCode; got?: string; fix?: string } = {}) =>
    fail(o.code ?? 'shape', {
      where: op.name,
      rule,
      got: o.got ?? describeInputs(op.inputs, inputs),
      ...(o.fix === undefined ? {} : { fix: o.fix }),
    });
  const specs = op.infer({ inputs, attrs, path, refuse });
  return makeNode(op as unknown as Op, inputs, attrs as Attrs, specs, path).outputs;
}

/** The one output of an op that has one. */
export function applyOne<A>(op: OpSpec<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  return apply(op, inputs, attrs)[0] as Tensor;
}

/** A node of known output specs: for passes that rebuild graphs. */
export function makeNode(op: Op, inputs: readonly Tensor[], attrs: Attrs, specs: readonly Spec[], path: string): Node {
  const outputs: Tensor[] = [];
  const node: Node = { op, inputs, attrs, outputs, path };
  specs.forEach((s, i) => {
    outputs.push(new Tensor(node, i, s.shape, s.dtype));
  });
  return node;
}

let makeConstant: ((value: HostArray) => Tensor) | undefined;

/** The constant leaf registers itself here: `asTensor` needs it, and it needs `apply`. */
export function setConstantMaker(maker: (value: HostArray) => Tensor): void {
  makeConstant = maker;
}

/** A tensor from anything tensor-like; numbers take the dtype of `like`. */
export function asTensor(x: TensorLike, like?: Spec): Tensor {
  if (x instanceof Tensor) return x;
  if (makeConstant === undefined) throw fail('engine', { where: 'asTensor', rule: 'the ops are loaded', fix: "Import 'headlightjs/ops'" });
  if (x instanceof HostArray) return makeConstant(x);
  return makeConstant(host(x, like === undefined ? {} : { dtype: like.dtype }));
}
