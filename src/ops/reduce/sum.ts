import { concrete, equalDims, HostArray, type Shape, sizeOf } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { Emitter } from '../emitter.js';
import type { RefArray } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, Tensor } from '../tensor.js';
import { inferReduce, type ReduceAttrs, type ReduceOptions, reduceAttrs, reduceCases, reduceRef, restoreAxes } from './axes.js';

const sumOp = defineOp<ReduceAttrs>({
  name: 'sum',
  doc: 'y = Σ x over the axes.',
  inputs: ['x'],
  infer: (c) => [inferReduce(c)],
  vjp: ({ inputs: [x], attrs, g }) => [restoreAxes(g, x as Tensor, attrs).expand((x as Tensor).shape)],
  order: 'any',
  lower: (e, { inputs, attrs, inputSpecs, outputSpecs }) => {
    const columns = columnSums(e, inputs[0] as string, attrs, inputSpecs[0] as Spec, outputSpecs[0] as Spec);
    if (columns !== undefined) return [columns];
    const axes = e.ints(attrs.axes);
    return [e.one('ReduceSum', [inputs[0] as string, axes], { attributes: { keepdims: attrs.keep ? 1 : 0 } })];
  },
  reference: ([x], attrs) => [reduceRef(x as RefArray, attrs, (v) => v.reduce((a, b) => a + b, 0))],
  cases: [...reduceCases, { attrs: { axes: [0, 1], keep: false }, inputs: [{ shape: [40, 30, 8] }] }],
});

/** Sums over leading axes as a product with a row of ones: on CPU a matrix product is several times faster than ReduceSum. */
function columnSums(e: Emitter, x: string, attrs: ReduceAttrs, spec: Spec, output: Spec): string | undefined {
  const shape = concrete(spec.shape);
  const leading = attrs.axes.length > 0 && attrs.axes.every((a, i) => a === i) && attrs.axes.length < spec.shape.length;
  if (!e.fused || !leading || shape === undefined || spec.dtype !== 'float32') return undefined;
  const rows = sizeOf(shape.slice(0, attrs.axes.length));
  const columns = sizeOf(shape.slice(attrs.axes.length));
  if (rows < 64) return undefined;
  const ones = e.constant(new HostArray(new Float32Array(rows).fill(1), [1, rows], 'float32'));
  const flat = shape.length === 2 ? x : e.one('Reshape', [x, e.ints([rows, columns])]);
  return e.one('Reshape', [e.one('MatMul', [ones, flat]), e.shape(output.shape)]);
}

/** y = Σ x over `axis` (all axes by default). */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const attrs = reduceAttrs(x, options, 'sum');
  return attrs.axes.length === 0 ? x : applyOne(sumOp, [x], attrs);
}

/** Undoes broadcasting: sums over the axes along which `shape` was stretched to `x`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const extra = x.rank - shape.length;
  const axis = x.shape.flatMap((d, a) => (a < extra || (shape[a - extra] === 1 && !equalDims(d, 1)) ? [a] : []));
  return axis.length === 0 ? x.reshape(shape) : sum(x, { axis }).reshape(shape);
}

declare module '../tensor.js' {
  interface Tensor {
    sum(options?: ReduceOptions): Tensor;
    sumTo(shape: Shape): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  sum(this: Tensor, options?: ReduceOptions) {
    return sum(this, options);
  },
  sumTo(this: Tensor, shape: Shape) {
    return sumTo(this, shape);
  },
});
