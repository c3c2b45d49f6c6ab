import { broadcastShapes, equalShapes, formatShape, type Shape } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, asTensor, Tensor, type TensorLike } from '../tensor.js';

interface ExpandAttrs {
  readonly shape: Shape;
}

const expandOp = defineOp<ExpandAttrs>({
  name: 'expand',
  doc: 'Axes of size 1 repeated to a larger shape, as broadcasting does.',
  inputs: ['x'],
  infer: ({ inputs: [x], attrs, refuse }) => {
    if (x === undefined) throw refuse('one input is expected');
    const shape = broadcastShapes(x.shape, attrs.shape);
    if (shape === undefined || !equalShapes(shape, attrs.shape))
      throw refuse(`a shape that broadcasts to ${formatShape(attrs.shape)} is expected`);
    return [{ shape, dtype: x.dtype }];
  },
  vjp: ({ inputs: [x], g }) => [g.sumTo((x as Tensor).shape)],
  order: 'any',
  lower: (e, { inputs: [x], outputSpecs: [out] }) => [e.one('Expand', [x as string, e.shape((out as Spec).shape)])],
  reference: ([x], { shape }) => [ref(shape as readonly number[], (index) => read(x as RefArray, index))],
  cases: [
    { attrs: { shape: [3, 4] }, inputs: [{ shape: [4] }] },
    { attrs: { shape: [2, 3, 4] }, inputs: [{ shape: [3, 1] }] },
    { attrs: { shape: [2, 2] }, inputs: [{ shape: [] }] },
  ],
});

/** Axes of size 1 repeated to `shape`. */
export function expand(x: TensorLike, shape: Shape): Tensor {
  const t = asTensor(x);
  return equalShapes(t.shape, shape) ? t : applyOne(expandOp, [t], { shape });
}

declare module '../tensor.js' {
  interface Tensor {
    expand(shape: Shape): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  expand(this: Tensor, shape: Shape) {
    return expand(this, shape);
  },
});
