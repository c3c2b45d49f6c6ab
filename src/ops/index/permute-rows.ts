import { equalDims } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { NoAttrs } from '../elementwise/binary.js';
import { type RefArray, read, ref } from '../reference.js';
import { applyOne, type Tensor } from '../tensor.js';

const permuteRowsOp = defineOp<NoAttrs>({
  name: 'permute_rows',
  doc: 'Rows of x in another order, y[i, …] = x[order[i], …], whose inverse is known: its gradient gathers too, and scatters nothing.',
  inputs: ['x', 'order', 'inverse'],
  infer: ({ inputs: [x, order, inverse], refuse }) => {
    if (x === undefined || order?.dtype !== 'int32' || inverse?.dtype !== 'int32')
      throw refuse('x and int32 order and inverse are expected', { code: 'dtype' });
    const rows = x.shape[0];
    if (rows === undefined || ![order, inverse].every(({ shape }) => shape.length === 1 && equalDims(shape[0] as number, rows)))
      throw refuse('order and inverse must have one number for each row of x');
    return [x];
  },
  vjp: ({ inputs, g }) => {
    const [, order, inverse] = inputs as [Tensor, Tensor, Tensor];
    return [permuteRows(g, inverse, order), undefined, undefined];
  },
  order: 'any',
  lower: (e, { inputs: [x, order] }) => [e.one('Gather', [x as string, order as string], { attributes: { axis: 0 } })],
  reference: ([x, order]) => [
    ref((x as RefArray).shape, ([row, ...rest]) => read(x as RefArray, [(order as RefArray).data[row as number] as number, ...rest])),
  ],
  cases: [
    {
      attrs: {},
      inputs: [
        { shape: [5, 3] },
        { shape: [5], dtype: 'int32', values: [3, 0, 4, 1, 2] },
        { shape: [5], dtype: 'int32', values: [1, 3, 4, 0, 2] },
      ],
    },
  ],
});

/**
 * Rows in another order: y[i] = x[order[i]].
 * @param x [N,…] @param order [N] int32, each row once @param inverse [N] int32: order[inverse[i]] = i, which is not checked
 */
export function permuteRows(x: Tensor, order: Tensor, inverse: Tensor): Tensor {
  return applyOne(permuteRowsOp, [x, order, inverse], {});
}
