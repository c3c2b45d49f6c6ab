import { type DType, HostArray } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read, ref } from '../reference.js';
import { applyOne, asTensor, type Tensor, type TensorLike } from '../tensor.js';

interface OneHotAttrs {
  readonly classes: number;
  readonly dtype: DType;
}

const oneHotOp = defineOp<OneHotAttrs>({
  name: 'one_hot',
  doc: 'y[…, c] = 1 where indices[…] = c, else 0, for c below `classes`; an index outside gives zeros.',
  inputs: ['indices'],
  infer: ({ inputs: [indices], attrs: { classes, dtype }, refuse }) => {
    if (indices?.dtype !== 'int32') throw refuse('int32 indices are expected', { code: 'dtype', fix: "Use cast(x, 'int32')" });
    if (!Number.isInteger(classes) || classes < 1)
      throw refuse('a whole number of classes, 1 or more', { code: 'value', got: String(classes) });
    return [{ shape: [...indices.shape, classes], dtype }];
  },
  vjp: 'none',
  order: 'any',
  // A comparison, not OneHot: that wraps negative indices, and runs on the CPU under WebGPU.
  lower: (e, { inputs: [indices], attrs: { classes, dtype } }) => {
    const range = e.constant(
      new HostArray(
        Int32Array.from({ length: classes }, (_, c) => c),
        [classes],
        'int32',
      ),
    );
    const hits = e.one('Equal', [e.one('Unsqueeze', [indices as string, e.ints([-1])]), range]);
    return [dtype === 'bool' ? hits : e.cast(hits, dtype)];
  },
  reference: ([indices], { classes }) => [
    ref([...(indices as RefArray).shape, classes], (index) => (read(indices as RefArray, index.slice(0, -1)) === index.at(-1) ? 1 : 0)),
  ],
  cases: [
    { attrs: { classes: 4, dtype: 'float32' }, inputs: [{ shape: [2, 3], dtype: 'int32', range: [0, 3] }] },
    { attrs: { classes: 3, dtype: 'bool' }, inputs: [{ shape: [4], dtype: 'int32', values: [2, -1, 0, 3] }] },
  ],
});

/** y[…, c] = 1 where indices[…] = c, else 0: int32 [N…] to [N…,classes]; an index outside gives zeros. */
export function oneHot(indices: TensorLike, classes: number, dtype: DType = 'float32'): Tensor {
  return applyOne(oneHotOp, [asTensor(indices, { shape: [], dtype: 'int32' })], { classes, dtype });
}
