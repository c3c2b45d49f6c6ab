import { equalDims, isFloat, normalizeAxis } from '../../core/index.js';
import { defineOp, type InferContext } from '../declare.js';
import { type RefArray, read, ref, withAxis } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, asTensor, type Tensor, type TensorLike } from '../tensor.js';

interface AlongAttrs {
  readonly axis: number;
}

function checkIndices({ inputs: [x, indices], attrs: { axis }, refuse }: InferContext<AlongAttrs>): void {
  if (x === undefined || indices === undefined || indices.dtype !== 'int32')
    throw refuse('x and int32 indices are expected', { code: 'dtype' });
  const fits = x.shape.length === indices.shape.length && indices.shape.every((d, a) => a === axis || equalDims(d, x.shape[a] as number));
  if (!fits) throw refuse(`indices must have the shape of x but for axis ${axis}`);
}

const takeAlongOp = defineOp<AlongAttrs>({
  name: 'take_along',
  doc: 'One element per index along an axis: y[…,j,…] = x[…,indices[…,j,…],…].',
  inputs: ['x', 'indices'],
  infer: (c) => {
    checkIndices(c);
    return [{ shape: (c.inputs[1] as Spec).shape, dtype: (c.inputs[0] as Spec).dtype }];
  },
  vjp: ({ inputs, attrs: { axis }, g }) => {
    const [x, indices] = inputs as [Tensor, Tensor];
    return [scatterAlong(asTensor(0, x).expand(x.shape), indices, g, axis), undefined];
  },
  order: 'any',
  lower: (e, { inputs, attrs }) => [e.one('GatherElements', inputs, { attributes: { axis: attrs.axis } })],
  reference: ([x, indices], { axis }) => [
    ref((indices as RefArray).shape, (index) => read(x as RefArray, withAxis(index, axis, read(indices as RefArray, index)))),
  ],
  cases: [
    { attrs: { axis: 1 }, inputs: [{ shape: [3, 5] }, { shape: [3, 1], dtype: 'int32', range: [0, 4] }] },
    { attrs: { axis: 0 }, inputs: [{ shape: [4, 2, 3] }, { shape: [2, 2, 3], dtype: 'int32', range: [0, 3] }] },
  ],
});

const scatterAlongOp = defineOp<AlongAttrs>({
  name: 'scatter_along',
  doc: 'x with updates added at indices along an axis: y = x, then y[…,indices[…,j,…],…] += updates[…,j,…].',
  inputs: ['x', 'indices', 'updates'],
  infer: (c) => {
    checkIndices(c);
    const [x, indices, updates] = c.inputs as [Spec, Spec, Spec];
    if (!isFloat(x.dtype) || updates.dtype !== x.dtype) throw c.refuse('x and updates must be of one float dtype', { code: 'dtype' });
    if (updates.shape.length !== indices.shape.length || !updates.shape.every((d, a) => equalDims(d, indices.shape[a] as number))) {
      throw c.refuse('updates must have the shape of indices');
    }
    return [x];
  },
  vjp: ({ inputs, attrs: { axis }, g, needs }) => [g, undefined, needs[2] ? takeAlong(g, inputs[1] as Tensor, axis) : undefined],
  order: 'any',
  lower: (e, { inputs, attrs }) => [e.one('ScatterElements', inputs, { attributes: { axis: attrs.axis, reduction: 'add' } })],
  reference: ([x, indices, updates], { axis }) => {
    const out = { shape: (x as RefArray).shape, data: (x as RefArray).data.slice() };
    ref((indices as RefArray).shape, (index, flat) => {
      const to = withAxis(index, axis, (indices as RefArray).data[flat] as number);
      const at = to.reduce((s, i, a) => s * (out.shape[a] as number) + i, 0);
      out.data[at] = (out.data[at] as number) + ((updates as RefArray).data[flat] as number);
      return 0;
    });
    return [out];
  },
  cases: [
    { attrs: { axis: 1 }, inputs: [{ shape: [3, 5] }, { shape: [3, 2], dtype: 'int32', range: [0, 4] }, { shape: [3, 2] }] },
    { attrs: { axis: 0 }, inputs: [{ shape: [4, 2] }, { shape: [3, 2], dtype: 'int32', range: [0, 3] }, { shape: [3, 2] }] },
  ],
});

/** y[…,j,…] = x[…,indices[…,j,…],…]: indices int32, of x's shape but for `axis`. */
export function takeAlong(x: Tensor, indices: TensorLike, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank, 'take_along');
  return applyOne(takeAlongOp, [x, asTensor(indices, { shape: [], dtype: 'int32' })], { axis: at });
}

/** x with `updates` added at `indices` along `axis`; repeated indices add up. */
export function scatterAlong(x: Tensor, indices: Tensor, updates: TensorLike, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank, 'scatter_along');
  return applyOne(scatterAlongOp, [x, indices, asTensor(updates, x).expand(indices.shape)], { axis: at });
}
