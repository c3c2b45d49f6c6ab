import { normalizeAxis } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read, ref } from '../reference.js';
import { applyOne, asTensor, type Tensor, type TensorLike } from '../tensor.js';
import { scatterAdd } from './scatter-add.js';

interface GatherAttrs {
  readonly axis: number;
}

const gatherOp = defineOp<GatherAttrs>({
  name: 'gather',
  doc: 'Slices of x along an axis at given indices: y[…, i…, …] = x[…, indices[i…], …].',
  inputs: ['x', 'indices'],
  infer: ({ inputs: [x, indices], attrs: { axis }, refuse }) => {
    if (x === undefined || indices === undefined) throw refuse('two inputs are expected');
    if (indices.dtype !== 'int32') throw refuse('int32 indices are expected', { code: 'dtype' });
    return [{ shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype }];
  },
  vjp: ({ inputs, attrs: { axis }, g }) => {
    const [x, indices] = inputs as [Tensor, Tensor];
    const rank = indices.rank;
    // The indices' axes come first, scattering fills rows, and the axis goes back to its place.
    const order = Array.from({ length: g.rank }, (_, i) => i);
    const front = [...order.slice(axis, axis + rank), ...order.slice(0, axis), ...order.slice(axis + rank)];
    const rows = scatterAdd(indices, g.transpose(front), x.shape[axis] as number);
    const back = [...order.slice(1, axis + 1), 0, ...order.slice(axis + 1, x.rank)];
    return [axis === 0 ? rows : rows.transpose(back), undefined];
  },
  order: 'any',
  lower: (e, { inputs, attrs }) => [e.one('Gather', inputs, { attributes: { axis: attrs.axis } })],
  reference: ([input, indices], { axis }) => {
    const [x, i] = [input as RefArray, indices as RefArray];
    const shape = [...x.shape.slice(0, axis), ...i.shape, ...x.shape.slice(axis + 1)];
    const rank = i.shape.length;
    return [
      ref(shape, (index) => read(x, [...index.slice(0, axis), read(i, index.slice(axis, axis + rank)), ...index.slice(axis + rank)])),
    ];
  },
  cases: [
    { attrs: { axis: 0 }, inputs: [{ shape: [5, 3] }, { shape: [2, 4], dtype: 'int32', range: [0, 4] }] },
    { attrs: { axis: 1 }, inputs: [{ shape: [2, 4, 3] }, { shape: [3], dtype: 'int32', range: [0, 3] }] },
    { attrs: { axis: 2 }, inputs: [{ shape: [2, 3, 4] }, { shape: [2, 2], dtype: 'int32', range: [0, 3] }] },
  ],
});

/** y[…, i…, …] = x[…, indices[i…], …] along `axis` (0 by default: rows of a table). Indices are int32. */
export function gather(x: Tensor, indices: TensorLike, axis = 0): Tensor {
  const at = normalizeAxis(axis, x.rank, 'gather');
  return applyOne(gatherOp, [x, asTensor(indices, { shape: [], dtype: 'int32' })], { axis: at });
}
