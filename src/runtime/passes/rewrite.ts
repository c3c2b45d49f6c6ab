import { equalShapes, fail } from '../../core/index.js';
import { topological } from '../../ops/graph.js';
import { withPath } from '../../ops/scope.js';
import { makeNode, type Node, type Tensor } from '../../ops/tensor.js';

/** A graph, as the tensors that are wanted of it, turned into another that computes the same. */
export type Pass = (outputs: readonly Tensor[]) => readonly Tensor[];

/**
 * Rebuilds a graph node by node, inputs first. `visit` sees a node with its inputs already rewritten and may return
 * other tensors for its outputs; otherwise the node is kept, or remade when its inputs changed.
 */
export function rewrite(
  outputs: readonly Tensor[],
  visit: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined,
): readonly Tensor[] {
  const replaced = new Map<Tensor, Tensor>();
  const resolve = (t: Tensor): Tensor => replaced.get(t) ?? t;
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map(resolve);
    const results =
      withPath(node.path, () => visit(node, inputs)) ??
      (inputs.every((x, i) => x === node.inputs[i]) ? node.outputs : remake(node, inputs));
    node.outputs.forEach((y, i) => {
      const next = results[i];
      if (next === undefined || next === y) return;
      if (next.dtype !== y.dtype || !equalShapes(next.shape, y.shape)) {
        throw fail('shape', {
          where: `rewriting ${node.op.name}`,
          path: node.path,
          rule: `a replacement of [${y.shape}] ${y.dtype}`,
          got: `[${next.shape}] ${next.dtype}`,
        });
      }
      replaced.set(y, next);
    });
  }
  return outputs.map(resolve);
}

/** The same op over other inputs. */
export function remake(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  return makeNode(node.op, inputs, node.attrs, node.outputs, node.path).outputs;
}
