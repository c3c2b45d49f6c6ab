import type { ScanAttrs, ScanBody } from '../../ops/control/scan-body.js';
import { topological } from '../../ops/graph.js';
import type { Spec } from '../../ops/spec.js';
import { makeNode, type Node, type Tensor } from '../../ops/tensor.js';
import { type Pass, rewrite } from './rewrite.js';

/**
 * Scans of the same step over the same inputs become one that stacks what any of them does: the forward pass, what the
 * backward pass reads of its steps, and sites that are looked at.
 */
export const mergeScans: Pass = (outputs) => {
  const groups = groupsOf(topological(outputs).filter((n) => n.op.name === 'scan'));
  const merged = new Map<readonly Node[], { readonly body: ScanBody; readonly outputs: readonly Tensor[] }>();
  return rewrite(outputs, (node, inputs) => {
    const group = groups.find((g) => g.includes(node));
    if (group === undefined || group.length === 1) return undefined;
    const known = merged.get(group) ?? merge(group, inputs);
    merged.set(group, known);
    const own = bodyOf(node).outputs;
    return own.map((y, i) => known.outputs[i < known.body.carries ? i : known.body.outputs.indexOf(y, known.body.carries)] as Tensor);
  });
};

/** Nodes that have their step's parameters, its next carries and their inputs in common. */
function groupsOf(scans: readonly Node[]): Node[][] {
  const groups: Node[][] = [];
  for (const node of scans) {
    const group = groups.find(([first]) => first !== undefined && isSame(first, node));
    if (group === undefined) groups.push([node]);
    else group.push(node);
  }
  return groups;
}

function isSame(a: Node, b: Node): boolean {
  const [x, y] = [bodyOf(a), bodyOf(b)];
  const equal = (p: readonly Tensor[], q: readonly Tensor[]): boolean => p.length === q.length && p.every((t, i) => t === q[i]);
  const carried = (body: ScanBody): readonly Tensor[] => body.outputs.slice(0, body.carries);
  const direction = (n: Node): boolean => (n.attrs as unknown as ScanAttrs).reverse;
  return direction(a) === direction(b) && equal(x.params, y.params) && equal(carried(x), carried(y)) && equal(a.inputs, b.inputs);
}

function merge(group: readonly Node[], inputs: readonly Tensor[]): { body: ScanBody; outputs: readonly Tensor[] } {
  const first = group[0] as Node;
  const { carries } = bodyOf(first);
  const stacked = new Map<Tensor, Spec>();
  for (const node of group) {
    bodyOf(node)
      .outputs.slice(carries)
      .forEach((y, k) => {
        stacked.set(y, node.outputs[carries + k] as Tensor);
      });
  }
  const body = { ...bodyOf(first), outputs: [...bodyOf(first).outputs.slice(0, carries), ...stacked.keys()] };
  const specs = [...first.outputs.slice(0, carries), ...stacked.values()];
  return { body, outputs: makeNode(first.op, inputs, { ...first.attrs, body }, specs, first.path).outputs };
}

function bodyOf(node: Node): ScanBody {
  return (node.attrs as unknown as ScanAttrs).body;
}
