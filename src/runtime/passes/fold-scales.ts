import { topological, useCounts } from '../../ops/graph.js';
import { type MatmulAttrs, matmulOp } from '../../ops/matrix/matmul.js';
import { applyOne, type Tensor } from '../../ops/tensor.js';
import { constantValue } from './fold-constants.js';
import { type Pass, rewrite } from './rewrite.js';

/** A number times a matrix product, when nothing else reads the product, becomes the product's scale. */
export const foldScales: Pass = (outputs) => {
  const uses = useCounts(topological(outputs), outputs);
  return rewrite(outputs, (node, inputs) => {
    if (node.op.name !== 'mul') return undefined;
    for (const [product, factor] of [inputs, [...inputs].reverse()] as [Tensor, Tensor][]) {
      const number = constantValue(factor);
      const position = inputs.indexOf(product);
      const original = node.inputs[position] as Tensor;
      if (product.node.op.name !== 'matmul' || number === undefined || number.shape.length !== 0 || uses.get(original) !== 1) continue;
      const attrs = product.node.attrs as unknown as MatmulAttrs;
      return [applyOne(matmulOp, product.node.inputs, { ...attrs, scale: attrs.scale * number.item() })];
    }
    return undefined;
  });
};
