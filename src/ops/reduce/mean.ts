import { type Dim, isFloat, knownSize, sizeOf } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { RefArray } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';
import { inferReduce, type ReduceAttrs, type ReduceOptions, reduceAttrs, reduceCases, reduceRef, restoreAxes } from './axes.js';

const meanOp = defineOp<ReduceAttrs>({
  name: 'mean',
  doc: 'y = (1/n) Σ x over the axes, n the number of elements summed.',
  inputs: ['x'],
  infer: (c) => {
    if (!isFloat(c.inputs[0]?.dtype ?? 'bool')) throw c.refuse('a float tensor is expected', { code: 'dtype' });
    return [inferReduce(c)];
  },
  vjp: ({ inputs, attrs, g }) => {
    const x = inputs[0] as Tensor;
    const count = knownSize(sizeOf(attrs.axes.map((a) => x.shape[a] as Dim)), 'the gradient of mean');
    return [restoreAxes(g.mul(1 / count), x, attrs).expand(x.shape)];
  },
  order: 'any',
  lower: (e, { inputs, attrs }) => [
    e.one('ReduceMean', [inputs[0] as string, e.ints(attrs.axes)], { attributes: { keepdims: attrs.keep ? 1 : 0 } }),
  ],
  reference: ([x], attrs) => [reduceRef(x as RefArray, attrs, (v) => v.reduce((a, b) => a + b, 0) / v.length)],
  cases: reduceCases,
});

/** y = mean of x over `axis` (all axes by default). */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const attrs = reduceAttrs(x, options, 'mean');
  return attrs.axes.length === 0 ? x : applyOne(meanOp, [x], attrs);
}

declare module '../tensor.js' {
  interface Tensor {
    mean(options?: ReduceOptions): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  mean(this: Tensor, options?: ReduceOptions) {
    return mean(this, options);
  },
});
