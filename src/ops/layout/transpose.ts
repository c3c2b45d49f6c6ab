import { stridesOf } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, ref } from '../reference.js';
import { applyOne, asTensor, Tensor, type TensorLike } from '../tensor.js';

export interface TransposeAttrs {
  /** Output axis i is input axis permutation[i]. */
  readonly permutation: readonly number[];
}

export const transposeOp = defineOp<TransposeAttrs>({
  name: 'transpose',
  doc: 'Axes in another order: y[i₀,i₁,…] with axis k of y being axis permutation[k] of x.',
  inputs: ['x'],
  infer: ({ inputs: [x], attrs, refuse }) => {
    const { permutation } = attrs;
    if (
      x === undefined ||
      permutation.length !== x.shape.length ||
      new Set(permutation).size !== permutation.length ||
      permutation.some((p) => x.shape[p] === undefined)
    ) {
      throw refuse(`a permutation of all ${x?.shape.length} axes is expected`, { code: 'axis', got: `[${permutation}]` });
    }
    return [{ shape: permutation.map((p) => x.shape[p] as number), dtype: x.dtype }];
  },
  vjp: ({ attrs, g }) => [g.transpose(attrs.permutation.map((_, i) => attrs.permutation.indexOf(i)))],
  order: 'any',
  lower: (e, { inputs, attrs }) => [e.one('Transpose', inputs, { attributes: { perm: attrs.permutation } })],
  reference: ([input], { permutation }) => {
    const x = input as RefArray;
    const strides = stridesOf(x.shape);
    const shape = permutation.map((p) => x.shape[p] as number);
    return [ref(shape, (index) => x.data[index.reduce((s, i, k) => s + i * (strides[permutation[k] as number] as number), 0)] as number)];
  },
  cases: [
    { attrs: { permutation: [1, 0] }, inputs: [{ shape: [3, 4] }] },
    { attrs: { permutation: [2, 0, 3, 1] }, inputs: [{ shape: [2, 3, 4, 5] }] },
  ],
});

/** Axes in another order; without `permutation`, the last two change places. */
export function transpose(x: TensorLike, permutation?: readonly number[]): Tensor {
  const t = asTensor(x);
  const order = permutation ?? swapLast(t.rank);
  return order.every((p, i) => p === i) ? t : applyOne(transposeOp, [t], { permutation: order });
}

function swapLast(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return rank < 2 ? axes : [...axes.slice(0, -2), rank - 1, rank - 2];
}

declare module '../tensor.js' {
  interface Tensor {
    transpose(permutation?: readonly number[]): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  transpose(this: Tensor, permutation?: readonly number[]) {
    return transpose(this, permutation);
  },
});
