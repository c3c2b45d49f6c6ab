import { isFloat } from '../../core/index.js';
import { topological } from '../graph.js';
import { makeNode, type Node, type Tensor } from '../tensor.js';

export function pairs(keys: readonly Tensor[], values: readonly Tensor[]): Map<Tensor, Tensor> {
  return new Map(keys.map((key, i) => [key, values[i] as Tensor]));
}

/** The nodes between arguments and results: those that depend on an argument, each after its inputs. */
function bodyOf(ys: readonly Tensor[], xs: ReadonlySet<Tensor>): Node[] {
  const inside = new Set<Node>();
  for (const node of topological(ys)) {
    // An argument that another one depends on is where the body begins, all the same.
    const isArgument = node.outputs.some((y) => xs.has(y));
    if (!isArgument && node.inputs.some((x) => xs.has(x) || inside.has(x.node))) inside.add(node);
  }
  return [...inside];
}

/** The results computed once more from other arguments. Taps are passed over: a site is a value of the forward pass. */
export function repeat(ys: readonly Tensor[], arguments_: ReadonlyMap<Tensor, Tensor>): Tensor[] {
  const become = new Map<Tensor, Tensor>(arguments_);
  const now = (t: Tensor): Tensor => become.get(t) ?? t;
  for (const node of bodyOf(ys, new Set(arguments_.keys()))) {
    const inputs = node.inputs.map(now);
    const made = node.op.name === 'tap' ? inputs : makeNode(node.op, inputs, node.attrs, node.outputs, node.path).outputs;
    node.outputs.forEach((y, i) => {
      become.set(y, made[i] as Tensor);
    });
  }
  return ys.map(now);
}

/** The floats that a computation reads besides its arguments: parameters, values of the program around it. */
export function capturedBy(ys: readonly Tensor[], given: readonly Tensor[]): ReadonlySet<Tensor> {
  const body = bodyOf(ys, new Set(given));
  const inside = new Set(body);
  const captured = new Set<Tensor>();
  // A result that does not depend on the arguments at all is captured itself.
  for (const x of [...body.flatMap((node) => node.inputs), ...ys]) {
    if (isFloat(x.dtype) && !given.includes(x) && !inside.has(x.node)) captured.add(x);
  }
  return captured;
}
