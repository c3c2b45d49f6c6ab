import { HostArray, isFloat, sizeOf } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { fusedProduct } from '../matrix/product-nodes.js';
import { type RefArray, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, type Tensor } from '../tensor.js';

interface ScatterAddAttrs {
  /** Rows of the result. */
  readonly size: number;
}

/** Up to here, a product with a one-hot matrix is faster than a scatter. */
const oneHotLimit = 4096;

const scatterAddOp = defineOp<ScatterAddAttrs>({
  name: 'scatter_add',
  doc: 'y[r] = Σ updates[i] over all i with indices[i] = r: the transpose of gathering rows.',
  inputs: ['indices', 'updates'],
  infer: ({ inputs: [indices, updates], attrs: { size }, refuse }) => {
    if (indices === undefined || updates === undefined || indices.dtype !== 'int32')
      throw refuse('int32 indices and updates are expected', { code: 'dtype' });
    if (!isFloat(updates.dtype)) throw refuse('float updates are expected', { code: 'dtype' });
    return [{ shape: [size, ...updates.shape.slice(indices.shape.length)], dtype: updates.dtype }];
  },
  vjp: ({ inputs: [indices], g }) => [undefined, g.gather(indices as Tensor)],
  order: 'any',
  lower: (e, { inputs, attrs: { size }, inputSpecs, outputSpecs }) => {
    const [indices, updates] = inputs as [string, string];
    const spec = inputSpecs[1] as Spec;
    const width = sizeOf(spec.shape.slice((inputSpecs[0] as Spec).shape.length));
    const flat = e.one('Reshape', [updates, e.shape([-1, width])]);
    const shape = e.shape((outputSpecs[0] as Spec).shape);
    if (size <= oneHotLimit || e.target.provider === 'webgpu') {
      const range = e.constant(
        new HostArray(
          Int32Array.from({ length: size }, (_, i) => i),
          [size, 1],
          'int32',
        ),
      );
      const oneHot = e.cast(e.one('Equal', [range, e.one('Reshape', [indices, e.ints([1, -1])])]), spec.dtype);
      const inner = sizeOf((inputSpecs[0] as Spec).shape);
      const sized = typeof width === 'number' && typeof inner === 'number' && spec.dtype === 'float32';
      const form = { transposeA: false, transposeB: false, scale: 1, rows: size, columns: Number(width), inner: Number(inner) };
      const rows = e.fused && sized ? fusedProduct(e, oneHot, flat, form) : e.one('MatMul', [oneHot, flat]);
      return [e.one('Reshape', [rows, shape])];
    }
    // ScatterND(add) loses updates at repeated indices when it runs on several threads; ScatterElements does not.
    const zeros = e.one('Expand', [e.scalar(0, spec.dtype), e.shape([size, width])]);
    const column = e.one('Reshape', [indices, e.ints([-1, 1])]);
    const repeated = e.one('Expand', [column, e.one('Shape', [flat])]);
    const sums = e.one('ScatterElements', [zeros, repeated, flat], { attributes: { axis: 0, reduction: 'add' } });
    return [e.one('Reshape', [sums, shape])];
  },
  reference: ([indices, updates], { size }) => {
    const [i, u] = [indices as RefArray, updates as RefArray];
    const rest = u.shape.slice(i.shape.length);
    const width = sizeOf(rest);
    const out = ref([size, ...rest], () => 0);
    u.data.forEach((v, at) => {
      const row = i.data[Math.floor(at / width)] as number;
      out.data[row * width + (at % width)] = (out.data[row * width + (at % width)] as number) + v;
    });
    return [out];
  },
  cases: [
    { attrs: { size: 4 }, inputs: [{ shape: [2, 3], dtype: 'int32', range: [0, 3] }, { shape: [2, 3, 5] }] },
    { attrs: { size: 4200 }, inputs: [{ shape: [7], dtype: 'int32', range: [0, 3] }, { shape: [7, 2] }] },
  ],
});

/** Rows of sums: y[r] = Σ updates[i] where indices[i] = r; indices [N…] int32, updates [N…,rest…], result [size,rest…]. */
export function scatterAdd(indices: Tensor, updates: Tensor, size: number): Tensor {
  return applyOne(scatterAddOp, [indices, updates], { size });
}
