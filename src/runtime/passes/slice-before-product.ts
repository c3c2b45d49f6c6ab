import type { Dim } from '../../core/index.js';
import { topological, useCounts } from '../../ops/graph.js';
import { makeNode, type Tensor } from '../../ops/tensor.js';
import { type Pass, rewrite } from './rewrite.js';

/**
 * Rows that are cut out of x W + b are the product of the rows cut out of x: the others are never computed. The logits of
 * the last token alone cost one row of the head's product, not T.
 */
export const sliceBeforeProduct: Pass = (outputs) => {
  const uses = useCounts(topological(outputs), outputs);
  return rewrite(outputs, (node, inputs) => {
    const [product] = inputs;
    if (node.op.name !== 'slice' || product?.node.op.name !== 'linear' || uses.get(node.inputs[0] as Tensor) !== 1) return undefined;
    const { ranges } = node.attrs as { ranges: readonly (readonly [Dim, Dim] | null)[] };
    const [x, ...weights] = product.node.inputs as [Tensor, ...Tensor[]];
    if (ranges.at(-1) !== null) return undefined;
    const rows = x.slice(ranges);
    const shape = [...rows.shape.slice(0, -1), product.shape.at(-1) as Dim];
    const { op, attrs, path } = product.node;
    return makeNode(op, [rows, ...weights], attrs, [{ shape, dtype: product.dtype }], path).outputs;
  });
};
