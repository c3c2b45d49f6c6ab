import { defineOp, type OpSpec } from '../declare.js';
import type { RefArray } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';
import { inferReduce, type ReduceAttrs, type ReduceOptions, reduceAttrs, reduceCases, reduceRef, restoreAxes } from './axes.js';

/** The largest or smallest element; the gradient goes to it, in equal shares where several are equal. */
function extreme(name: string, doc: string, onnx: string, pick: (...values: number[]) => number): OpSpec<ReduceAttrs> {
  return defineOp<ReduceAttrs>({
    name,
    doc,
    inputs: ['x'],
    infer: (c) => {
      if (c.inputs[0]?.dtype === 'bool') throw c.refuse('a numeric tensor is expected', { code: 'dtype' });
      return [inferReduce(c)];
    },
    vjp: ({ inputs, outputs, attrs, g }) => {
      const x = inputs[0] as Tensor;
      const hits = x.equal(restoreAxes(outputs[0] as Tensor, x, attrs)).cast(x.dtype);
      return [hits.mul(restoreAxes(g, x, attrs).div(hits.sum({ axis: attrs.axes, keep: true })))];
    },
    order: 'any',
    lower: (e, { inputs, attrs }) => [
      e.one(onnx, [inputs[0] as string, e.ints(attrs.axes)], { attributes: { keepdims: attrs.keep ? 1 : 0 } }),
    ],
    reference: ([x], attrs) => [reduceRef(x as RefArray, attrs, (v) => pick(...v))],
    cases: [...reduceCases, { attrs: { axes: [1], keep: true }, inputs: [{ shape: [2, 4], dtype: 'int32', range: [-9, 9] }] }],
  });
}

const maxOp = extreme('max', 'y = the largest x along the axes; equal largest elements share the gradient.', 'ReduceMax', Math.max);
const minOp = extreme('min', 'y = the smallest x along the axes; equal smallest elements share the gradient.', 'ReduceMin', Math.min);

const over =
  (op: OpSpec<ReduceAttrs>) =>
  (x: Tensor, options: ReduceOptions = {}): Tensor => {
    const attrs = reduceAttrs(x, options, op.name);
    return attrs.axes.length === 0 ? x : applyOne(op, [x], attrs);
  };

/** y = the largest x over `axis` (all axes by default). */
export const max = over(maxOp);
/** y = the smallest x over `axis` (all axes by default). */
export const min = over(minOp);

declare module '../tensor.js' {
  interface Tensor {
    max(options?: ReduceOptions): Tensor;
    min(options?: ReduceOptions): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  max(this: Tensor, options?: ReduceOptions) {
    return max(this, options);
  },
  min(this: Tensor, options?: ReduceOptions) {
    return min(this, options);
  },
});
