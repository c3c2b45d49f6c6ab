import { type DType, isFloat } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { mapRef, type RefArray } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';

interface CastAttrs {
  readonly to: DType;
}

const castOp = defineOp<CastAttrs>({
  name: 'cast',
  doc: 'The same numbers in another dtype; to int32 truncates, to bool tells what is not zero.',
  inputs: ['x'],
  infer: ({ inputs: [x], attrs, refuse }) => {
    if (x === undefined) throw refuse('one input is expected');
    return [{ shape: x.shape, dtype: attrs.to }];
  },
  vjp: ({ inputs: [x], g }) => [isFloat((x as Tensor).dtype) ? g.cast((x as Tensor).dtype) : undefined],
  order: 'any',
  lower: (e, { inputs: [x], attrs }) => [e.cast(x as string, attrs.to)],
  reference: ([x], { to }) => [mapRef((v) => (to === 'bool' ? Number(v !== 0) : isFloat(to) ? v : Math.trunc(v)), x as RefArray)],
  cases: [
    { attrs: { to: 'int32' }, inputs: [{ shape: [2, 3], values: [-1.7, 0, 1.2, 2.9, -0.4, 5], differentiable: false }] },
    { attrs: { to: 'float32' }, inputs: [{ shape: [4], dtype: 'bool', values: [1, 0, 1, 1] }] },
    { attrs: { to: 'float32' }, inputs: [{ shape: [3], dtype: 'int32', range: [-5, 5] }] },
    { attrs: { to: 'float32' }, inputs: [{ shape: [3] }] },
    { attrs: { to: 'bool' }, inputs: [{ shape: [3], values: [0, 1.5, -2], differentiable: false }] },
  ],
});

/** The same numbers in another dtype. */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : applyOne(castOp, [x], { to });
}

declare module '../tensor.js' {
  interface Tensor {
    cast(to: DType): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  cast(this: Tensor, to: DType) {
    return cast(this, to);
  },
});
