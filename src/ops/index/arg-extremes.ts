import { normalizeAxis } from '../../core/index.js';
import { defineOp, type OpSpec } from '../declare.js';
import { type RefArray, read, ref, withAxis } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';

interface ArgAttrs {
  readonly axis: number;
  readonly keep: boolean;
}

export interface ArgOptions {
  /** Keeps the axis with size 1. */
  readonly keep?: boolean;
}

function argExtreme(name: string, doc: string, onnx: string, better: (a: number, b: number) => boolean): OpSpec<ArgAttrs> {
  return defineOp<ArgAttrs>({
    name,
    doc,
    inputs: ['x'],
    infer: ({ inputs: [x], attrs: { axis, keep }, refuse }) => {
      if (x === undefined || x.dtype === 'bool') throw refuse('a numeric tensor is expected', { code: 'dtype' });
      return [{ shape: x.shape.flatMap((d, a) => (a !== axis ? [d] : keep ? [1] : [])), dtype: 'int32' }];
    },
    vjp: 'none',
    order: 'any',
    lower: (e, { inputs, attrs: { axis, keep } }) => [
      e.cast(e.one(onnx, inputs, { attributes: { axis, keepdims: Number(keep) } }), 'int32'),
    ],
    reference: ([input], { axis, keep }) => {
      const x = input as RefArray;
      const best = ref(withAxis(x.shape, axis, 1), (index) => {
        let at = 0;
        for (let j = 1; j < (x.shape[axis] as number); j++) {
          if (better(read(x, withAxis(index, axis, j)), read(x, withAxis(index, axis, at)))) at = j;
        }
        return at;
      });
      return [keep ? best : { shape: best.shape.filter((_, a) => a !== axis), data: best.data }];
    },
    cases: [
      { attrs: { axis: 1, keep: false }, inputs: [{ shape: [3, 5] }] },
      { attrs: { axis: 0, keep: true }, inputs: [{ shape: [4, 2, 3] }] },
      { attrs: { axis: 1, keep: false }, inputs: [{ shape: [2, 4], dtype: 'int32', values: [3, 1, 3, 1, 0, 2, 2, 0] }] },
    ],
  });
}

const argmaxOp = argExtreme('argmax', 'The index of the largest x along an axis, the first among equals.', 'ArgMax', (a, b) => a > b);
const argminOp = argExtreme('argmin', 'The index of the smallest x along an axis, the first among equals.', 'ArgMin', (a, b) => a < b);

/** The index of the largest x along `axis` (the last by default), the first among equals; int32. */
export function argmax(x: Tensor, axis = -1, options: ArgOptions = {}): Tensor {
  return applyOne(argmaxOp, [x], { axis: normalizeAxis(axis, x.rank, 'argmax'), keep: options.keep ?? false });
}

/** The index of the smallest x along `axis` (the last by default), the first among equals; int32. */
export function argmin(x: Tensor, axis = -1, options: ArgOptions = {}): Tensor {
  return applyOne(argminOp, [x], { axis: normalizeAxis(axis, x.rank, 'argmin'), keep: options.keep ?? false });
}

declare module '../tensor.js' {
  interface Tensor {
    argmax(axis?: number, options?: ArgOptions): Tensor;
    argmin(axis?: number, options?: ArgOptions): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  argmax(this: Tensor, axis?: number, options?: ArgOptions) {
    return argmax(this, axis, options);
  },
  argmin(this: Tensor, axis?: number, options?: ArgOptions) {
    return argmin(this, axis, options);
  },
});
