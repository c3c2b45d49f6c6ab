import { addDims, equalDims, normalizeAxis } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read, ref, withAxis } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, type Tensor } from '../tensor.js';

interface ConcatAttrs {
  readonly axis: number;
}

const concatOp = defineOp<ConcatAttrs>({
  name: 'concat',
  doc: 'Tensors joined along an axis.',
  inputs: ['x...'],
  infer: ({ inputs, attrs: { axis }, refuse }) => {
    const first = inputs[0];
    if (first === undefined) throw refuse('at least one input is expected');
    const agree = (x: Spec): boolean =>
      x.dtype === first.dtype &&
      x.shape.length === first.shape.length &&
      x.shape.every((d, a) => a === axis || equalDims(d, first.shape[a] as number));
    if (!inputs.every(agree)) throw refuse(`inputs must have one dtype and equal shapes but for axis ${axis}`);
    const length = inputs.map((x) => x.shape[axis] as number).reduce((a, b) => addDims(a, b) as number);
    return [{ shape: first.shape.map((d, a) => (a === axis ? length : d)), dtype: first.dtype }];
  },
  vjp: ({ inputs, attrs: { axis }, g }) =>
    g.split(
      inputs.map((x) => x.shape[axis] as number),
      axis,
    ),
  order: 'any',
  lower: (e, { inputs, attrs }) => [e.one('Concat', inputs, { attributes: { axis: attrs.axis } })],
  reference: (inputs, { axis }) => {
    const lengths = inputs.map((x) => x.shape[axis] as number);
    const first = inputs[0] as RefArray;
    const shape = withAxis(
      first.shape,
      axis,
      lengths.reduce((a, b) => a + b, 0),
    );
    return [
      ref(shape, (index) => {
        let at = index[axis] as number;
        let k = 0;
        while (at >= (lengths[k] as number)) at -= lengths[k++] as number;
        return read(inputs[k] as RefArray, withAxis(index, axis, at));
      }),
    ];
  },
  cases: [
    { attrs: { axis: 0 }, inputs: [{ shape: [2, 3] }, { shape: [1, 3] }] },
    { attrs: { axis: 2 }, inputs: [{ shape: [2, 1, 2] }, { shape: [2, 1, 3] }, { shape: [2, 1, 1] }] },
  ],
});

/** Tensors joined along `axis`. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const first = parts[0];
  const at = first === undefined ? axis : normalizeAxis(axis, first.rank, 'concat');
  return parts.length === 1 && first !== undefined ? first : applyOne(concatOp, parts, { axis: at });
}
