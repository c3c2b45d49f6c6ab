import { broadcastShapes, type Dim } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { mapRef, type RefArray } from '../reference.js';
import { applyOne, asTensor, Tensor, type TensorLike } from '../tensor.js';
import type { NoAttrs } from './binary.js';

const whereOp = defineOp<NoAttrs>({
  name: 'where',
  doc: 'y = a where the condition holds, else b, with broadcasting.',
  inputs: ['condition', 'a', 'b'],
  infer: ({ inputs: [c, a, b], refuse }) => {
    if (c?.dtype !== 'bool') throw refuse('a boolean condition is expected', { code: 'dtype' });
    if (a === undefined || b === undefined || a.dtype !== b.dtype) throw refuse('both values must have one dtype', { code: 'dtype' });
    const values = broadcastShapes(a.shape, b.shape);
    const shape: Dim[] | undefined = values === undefined ? undefined : broadcastShapes(c.shape, values);
    if (shape === undefined) throw refuse('shapes must broadcast together');
    return [{ shape, dtype: a.dtype }];
  },
  vjp: ({ inputs, g }) => {
    const [c, a, b] = inputs as [Tensor, Tensor, Tensor];
    return [undefined, where(c, g, 0).sumTo(a.shape), where(c, 0, g).sumTo(b.shape)];
  },
  order: 'any',
  lower: (e, { inputs }) => [e.one('Where', inputs)],
  reference: ([c, a, b]) => [mapRef((k, x, y) => (k ? x : y), c as RefArray, a as RefArray, b as RefArray)],
  cases: [
    { attrs: {}, inputs: [{ shape: [3, 4], dtype: 'bool', range: [0, 1] }, { shape: [3, 4] }, { shape: [4] }] },
    { attrs: {}, inputs: [{ shape: [2, 1, 1], dtype: 'bool', values: [1, 0] }, { shape: [] }, { shape: [2, 3, 2] }] },
  ],
});

/** y = a where `condition` (bool) holds, else b; all broadcast. */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const like = a instanceof Tensor ? a : b instanceof Tensor ? b : undefined;
  return applyOne(whereOp, [asTensor(condition), asTensor(a, like), asTensor(b, like)], {});
}
