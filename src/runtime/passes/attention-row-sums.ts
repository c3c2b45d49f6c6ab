import { equalDims, equalShapes } from '../../core/index.js';
import { topological } from '../../ops/graph.js';
import type { MatmulAttrs } from '../../ops/matrix/matmul.js';
import type { Node, Tensor } from '../../ops/tensor.js';
import { type Pass, rewrite } from './rewrite.js';

/**
 * Softmax's backward pass in attention needs the row sums of dP∘P, with dP = dO Vᵀ and O = P V. They equal the row sums
 * of dO∘O (Dao et al. 2022, FlashAttention, section 3.1): head width instead of key length, and dP∘P is never formed.
 * With dropout, O = (P∘M) V and the sum is over dP∘M∘P: the factors are compared, each as often as it stands.
 * Grouped queries have reshapes between (`attention/groups`): those that only regroup rows are looked through.
 */
export const attentionRowSums: Pass = (outputs) => {
  const products = topological(outputs).filter((n) => n.op.name === 'matmul' && !attrsOf(n).transposeA && !attrsOf(n).transposeB);
  // Products are looked up in the graph as it was; `rewrite` maps them to what became of them.
  const become = new Map<Tensor, Tensor>();
  return rewrite(outputs, (node, inputs) => {
    node.inputs.forEach((x, i) => {
      become.set(x, inputs[i] as Tensor);
    });
    const summed = node.inputs[0];
    if (node.op.name !== 'sum' || summed === undefined || !isLastAxisKept(node, summed.rank)) return undefined;
    const all = factors(summed);
    for (const [at, dP] of all.entries()) {
      if (dP.node.op.name !== 'matmul' || attrsOf(dP.node).transposeA || !attrsOf(dP.node).transposeB) continue;
      const [dO, values] = dP.node.inputs as [Tensor, Tensor];
      const rest = all.filter((_, i) => i !== at);
      const mixed = products.find(
        (n) =>
          n.inputs[1] === values &&
          attrsOf(n).scale !== 0 &&
          equalShapes(n.outputs[0]?.shape ?? [], dO.shape) &&
          sameSet(factors(n.inputs[0] as Tensor), rest),
      );
      if (mixed === undefined) continue;
      const scale = attrsOf(dP.node).scale / attrsOf(mixed).scale;
      const o = mixed.outputs[0] as Tensor;
      const sums = (become.get(dO) ?? dO).mul(become.get(o) ?? o).sum({ axis: -1, keep: true });
      const rows = (node.outputs[0] as Tensor).shape;
      const regrouped = equalShapes(sums.shape, rows) ? sums : sums.reshape(rows);
      return [scale === 1 ? regrouped : regrouped.mul(scale)];
    }
    return undefined;
  });
};

function attrsOf(node: Node): MatmulAttrs {
  return node.attrs as unknown as MatmulAttrs;
}

function isLastAxisKept(node: Node, rank: number): boolean {
  const { axes, keep } = node.attrs as { axes: readonly number[]; keep: boolean };
  return keep && axes.length === 1 && axes[0] === rank - 1;
}

/** The factors of a product of equal shapes, however it is bracketed, as rows: whatever axes the rows are counted by. */
function factors(t: Tensor): Tensor[] {
  const x = ungrouped(t);
  if (x.node.op.name !== 'mul') return [x];
  const [a, b] = x.node.inputs as [Tensor, Tensor];
  return equalShapes(a.shape, b.shape) ? [...factors(a), ...factors(b)] : [x];
}

/** The value behind reshapes that leave rows as they are. */
function ungrouped(t: Tensor): Tensor {
  const source = t.node.op.name === 'reshape' ? t.node.inputs[0] : undefined;
  return source !== undefined && equalDims(source.shape.at(-1) ?? 1, t.shape.at(-1) ?? 1) ? ungrouped(source) : t;
}

/** Whether two lists hold the same tensors, each as often. */
function sameSet(a: readonly Tensor[], b: readonly Tensor[]): boolean {
  const count = (list: readonly Tensor[], x: Tensor): number => list.filter((y) => y === x).length;
  return a.length === b.length && a.every((x) => count(a, x) === count(b, x));
}
