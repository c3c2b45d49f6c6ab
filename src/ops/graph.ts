import { makeNode, type Node, type Tensor } from './tensor.js';

/**
 * The nodes that `outputs` depend on, each after its inputs. What is not listed is dead code. Iterative: graphs are deep.
 * @param given tensors whose nodes are not looked for
 */
export function topological(outputs: readonly Tensor[], given?: { has(t: Tensor): boolean }): Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  for (const output of outputs) {
    if (given?.has(output)) continue;
    const stack: { node: Node; next: number }[] = done.has(output.node) ? [] : [{ node: output.node, next: 0 }];
    done.add(output.node);
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { node: Node; next: number };
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!done.has(input.node) && given?.has(input) !== true) {
        done.add(input.node);
        stack.push({ node: input.node, next: 0 });
      }
    }
  }
  return order;
}

/** How many times each tensor is read, by nodes and as an output. */
export function useCounts(nodes: readonly Node[], outputs: readonly Tensor[]): Map<Tensor, number> {
  const counts = new Map<Tensor, number>();
  const count = (t: Tensor): void => {
    counts.set(t, (counts.get(t) ?? 0) + 1);
  };
  for (const node of nodes) node.inputs.forEach(count);
  outputs.forEach(count);
  return counts;
}

/** The same graph over other tensors: what depends on a key of `become` is made anew over its value. */
export function substitute(outputs: readonly Tensor[], become: ReadonlyMap<Tensor, Tensor>): Tensor[] {
  const now = new Map(become);
  const resolve = (t: Tensor): Tensor => now.get(t) ?? t;
  for (const node of topological(outputs)) {
    if (node.outputs.every((y) => now.has(y)) || node.inputs.every((x) => !now.has(x))) continue;
    const made = makeNode(node.op, node.inputs.map(resolve), node.attrs, node.outputs, node.path);
    node.outputs.forEach((y, i) => {
      if (!now.has(y)) now.set(y, made.outputs[i] as Tensor);
    });
  }
  return outputs.map(resolve);
}
