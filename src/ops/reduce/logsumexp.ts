import { isFloat } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { RefArray } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';
import { inferReduce, type ReduceAttrs, type ReduceOptions, reduceAttrs, reduceCases, reduceRef, restoreAxes } from './axes.js';

const logsumexpOp = defineOp<ReduceAttrs>({
  name: 'logsumexp',
  doc: 'y = ln Σ eˣ over the axes, the largest x subtracted first so that nothing overflows.',
  inputs: ['x'],
  infer: (c) => {
    if (!isFloat(c.inputs[0]?.dtype ?? 'bool')) throw c.refuse('a float tensor is expected', { code: 'dtype' });
    return [inferReduce(c)];
  },
  // dy/dx = e^(x − y), the softmax.
  vjp: ({ inputs, outputs, attrs, g }) => {
    const x = inputs[0] as Tensor;
    const share = x.sub(restoreAxes(outputs[0] as Tensor, x, attrs)).exp();
    return [share.mul(restoreAxes(g, x, attrs))];
  },
  order: 'any',
  // Spelled out: ONNX Runtime's ReduceLogSumExp is some ten times slower on CPU.
  lower: (e, { inputs, attrs }) => {
    const x = inputs[0] as string;
    const axes = e.ints(attrs.axes);
    const top = e.one('ReduceMax', [x, axes], { attributes: { keepdims: 1 } });
    const total = e.one('ReduceSum', [e.one('Exp', [e.one('Sub', [x, top])]), axes], { attributes: { keepdims: 1 } });
    const y = e.one('Add', [e.one('Log', [total]), top]);
    return [attrs.keep ? y : e.one('Squeeze', [y, axes])];
  },
  reference: ([x], attrs) => [
    reduceRef(x as RefArray, attrs, (values) => {
      const top = Math.max(...values);
      return top + Math.log(values.reduce((s, v) => s + Math.exp(v - top), 0));
    }),
  ],
  cases: [...reduceCases, { attrs: { axes: [1], keep: false }, inputs: [{ shape: [2, 4], range: [900, 1000] }] }],
});

/** y = ln Σ eˣ over `axis` (all axes by default), without overflow. */
export function logsumexp(x: Tensor, options: ReduceOptions = {}): Tensor {
  const attrs = reduceAttrs(x, options, 'logsumexp');
  return attrs.axes.length === 0 ? x : applyOne(logsumexpOp, [x], attrs);
}

declare module '../tensor.js' {
  interface Tensor {
    logsumexp(options?: ReduceOptions): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  logsumexp(this: Tensor, options?: ReduceOptions) {
    return logsumexp(this, options);
  },
});
