import { type MatmulAttrs, matmulOp } from '../../ops/matrix/matmul.js';
import { applyOne, type Tensor } from '../../ops/tensor.js';
import { type Pass, rewrite } from './rewrite.js';

/** A matrix product reads its factors transposed for free: a transpose of the last two axes becomes a flag of the product. */
export const foldTransposes: Pass = (outputs) =>
  rewrite(outputs, (node, inputs) => {
    if (node.op.name !== 'matmul') return undefined;
    const attrs = node.attrs as unknown as MatmulAttrs;
    const [a, b] = inputs as [Tensor, Tensor];
    const [sourceA, sourceB] = [swappedSource(a), swappedSource(b)];
    if (sourceA === undefined && sourceB === undefined) return undefined;
    return [
      applyOne(matmulOp, [sourceA ?? a, sourceB ?? b], {
        ...attrs,
        transposeA: attrs.transposeA !== (sourceA !== undefined),
        transposeB: attrs.transposeB !== (sourceB !== undefined),
      }),
    ];
  });

/** x, when the tensor is x with its last two axes swapped and no other moved. */
function swappedSource(t: Tensor): Tensor | undefined {
  if (t.node.op.name !== 'transpose') return undefined;
  const { permutation } = t.node.attrs as { permutation: readonly number[] };
  const last = permutation.length - 1;
  const swapped = permutation.every((p, i) => p === (i === last ? last - 1 : i === last - 1 ? last : i));
  return swapped ? t.node.inputs[0] : undefined;
}
