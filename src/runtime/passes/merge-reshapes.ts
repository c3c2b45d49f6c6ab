import { equalShapes, type Shape } from '../../core/index.js';
import type { Tensor } from '../../ops/tensor.js';
import { type Pass, rewrite } from './rewrite.js';

/**
 * A reshape of a reshape is one reshape; one to the shape a value already has is none. The same for transposes; one that
 * moves only axes of size 1 leaves every element where it lies and is a reshape.
 */
export const mergeReshapes: Pass = (outputs) =>
  rewrite(outputs, (node, inputs) => {
    const x = inputs[0];
    const y = node.outputs[0] as Tensor;
    if (x === undefined) return undefined;
    if (node.op.name === 'reshape') return reshaped(x, y.shape);
    if (node.op.name !== 'transpose') return undefined;
    const { permutation } = node.attrs as { permutation: readonly number[] };
    const moved = permutation.filter((axis) => x.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] as number))) return reshaped(x, y.shape) ?? [x.reshape(y.shape)];
    if (x.node.op.name !== 'transpose') return undefined;
    const inner = (x.node.attrs as { permutation: readonly number[] }).permutation;
    return [(x.node.inputs[0] as Tensor).transpose(permutation.map((p) => inner[p] as number))];
  });

/** x under a shape, when that takes no reshape more than there are. */
function reshaped(x: Tensor, shape: Shape): readonly Tensor[] | undefined {
  if (equalShapes(x.shape, shape)) return [x];
  const source = x.node.op.name === 'reshape' ? x.node.inputs[0] : undefined;
  if (source === undefined) return undefined;
  return [equalShapes(source.shape, shape) ? source : source.reshape(shape)];
}
