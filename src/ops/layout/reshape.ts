import { type Dim, divideDims, equalDims, equalShapes, formatShape, type Shape, sizeOf } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { RefArray } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, asTensor, Tensor, type TensorLike } from '../tensor.js';

interface ReshapeAttrs {
  /** At most one −1 stands for what is left. */
  readonly shape: Shape;
}

const reshapeOp = defineOp<ReshapeAttrs>({
  name: 'reshape',
  doc: 'The same elements in row-major order under another shape.',
  inputs: ['x'],
  infer: ({ inputs: [x], attrs, refuse }) => {
    if (x === undefined) throw refuse('one input is expected');
    if (attrs.shape.some((d) => typeof d === 'number' && (!Number.isInteger(d) || d < -1)))
      throw refuse('sizes of at least 0', { got: formatShape(attrs.shape) });
    const size = sizeOf(x.shape);
    const known = attrs.shape.filter((d) => d !== -1);
    if (attrs.shape.length - known.length > 1) throw refuse('at most one size may be −1', { got: formatShape(attrs.shape) });
    const left = divideDims(size, sizeOf(known));
    const fits = known.length < attrs.shape.length ? left !== undefined : equalDims(sizeOf(known), size);
    if (!fits) throw refuse(`the shape ${formatShape(attrs.shape)} must hold the same number of elements`);
    return [{ shape: attrs.shape.map((d) => (d === -1 ? (left as Dim) : d)), dtype: x.dtype }];
  },
  vjp: ({ inputs: [x], g }) => [g.reshape((x as Tensor).shape)],
  order: 'any',
  lower: (e, { inputs: [x], outputSpecs: [out] }) => {
    const { shape } = out as Spec;
    const free = shape.filter((d) => typeof d !== 'number').length;
    // ONNX works one free size out by itself; more are computed, and then a zero among them means zero.
    const target = free <= 1 ? e.ints(shape.map((d) => (typeof d === 'number' ? d : -1))) : e.shape(shape);
    return [e.one('Reshape', [x as string, target], { attributes: { allowzero: shape.includes(0) || free > 1 ? 1 : 0 } })];
  },
  reference: ([x], { shape }) => {
    const { data } = x as RefArray;
    const known = shape.reduce<number>((n, d) => (d === -1 ? n : n * (d as number)), 1);
    return [{ shape: shape.map((d) => (d === -1 ? data.length / known : (d as number))), data }];
  },
  cases: [
    { attrs: { shape: [4, 3] }, inputs: [{ shape: [2, 6] }] },
    { attrs: { shape: [-1, 2, 2] }, inputs: [{ shape: [3, 4] }] },
    { attrs: { shape: [1] }, inputs: [{ shape: [] }] },
    { attrs: { shape: [2, 3] }, inputs: [{ shape: [6], dtype: 'int32', range: [0, 9] }] },
  ],
});

/** The same elements under another shape; one size may be −1. */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const t = asTensor(x);
  return equalShapes(t.shape, shape) ? t : applyOne(reshapeOp, [t], { shape });
}

declare module '../tensor.js' {
  interface Tensor {
    reshape(shape: Shape): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  reshape(this: Tensor, shape: Shape) {
    return reshape(this, shape);
  },
});
