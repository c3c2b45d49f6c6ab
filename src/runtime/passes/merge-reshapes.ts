import { equalShapes } from '../../core/index.js';
import type { Tensor } from '../../ops/tensor.js';
import { type Pass, rewrite } from './rewrite.js';

/** A reshape of a reshape is one reshape; one to the shape a value already has is none. The same for transposes that undo each other. */
export const mergeReshapes: Pass = (outputs) =>
  rewrite(outputs, (node, inputs) => {
    const x = inputs[0];
    const y = node.outputs[0] as Tensor;
    if (x === undefined) return undefined;
    if (node.op.name === 'reshape') {
      if (equalShapes(x.shape, y.shape)) return [x];
      const source = x.node.op.name === 'reshape' ? x.node.inputs[0] : undefined;
      return source === undefined ? undefined : [source.reshape(y.shape)];
    }
    if (node.op.name === 'transpose' && x.node.op.name === 'transpose') {
      const outer = (node.attrs as { permutation: readonly number[] }).permutation;
      const inner = (x.node.attrs as { permutation: readonly number[] }).permutation;
      return [(x.node.inputs[0] as Tensor).transpose(outer.map((p) => inner[p] as number))];
    }
    return undefined;
  });
