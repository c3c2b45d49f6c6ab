import { type Dim, equalDims, isFloat } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, type Tensor } from '../tensor.js';

interface LinearAttrs {
  /** Whether the weight lies as [out, in]. */
  readonly transposed: boolean;
}

const linearOp = defineOp<LinearAttrs>({
  name: 'linear',
  doc: 'y = x W + b over the last axis; one matrix product for all leading axes together.',
  inputs: ['x', 'weight', 'bias?'],
  infer: ({ inputs: [x, w, b], attrs, refuse }) => {
    if (x === undefined || w === undefined || x.shape.length < 1 || w.shape.length !== 2)
      throw refuse('x [...,in] and a weight of rank 2 are expected');
    if (!isFloat(x.dtype) || w.dtype !== x.dtype) throw refuse('x and weight must be of one float dtype', { code: 'dtype' });
    const [widthIn, widthOut] = (attrs.transposed ? [w.shape[1], w.shape[0]] : [w.shape[0], w.shape[1]]) as [Dim, Dim];
    if (!equalDims(x.shape.at(-1) as Dim, widthIn)) throw refuse(`the last axis of x must be ${widthIn}, the width the weight takes`);
    if (b !== undefined && (b.shape.length !== 1 || !equalDims(b.shape[0] as Dim, widthOut)))
      throw refuse(`a bias of shape [${widthOut}] is expected`);
    return [{ shape: [...x.shape.slice(0, -1), widthOut], dtype: x.dtype }];
  },
  vjp: ({ inputs, attrs, g, needs }) => {
    const [x, w, b] = inputs as [Tensor, Tensor, Tensor | undefined];
    const rows = (t: Tensor): Tensor => t.reshape([-1, t.shape.at(-1) as Dim]);
    const weight = (): Tensor =>
      attrs.transposed ? rows(g).matmul(rows(x), { transposeA: true }) : rows(x).matmul(rows(g), { transposeA: true });
    const bias = b === undefined ? [] : [needs[2] ? rows(g).sum({ axis: 0 }) : undefined];
    return [needs[0] ? linear(g, w, { transposed: !attrs.transposed }) : undefined, needs[1] ? weight() : undefined, ...bias];
  },
  order: 'any',
  lower: (e, { inputs, attrs, inputSpecs, outputSpecs }) => {
    const [x, w, b] = inputs as [string, string, string | undefined];
    const spec = inputSpecs[0] as Spec;
    const out = outputSpecs[0] as Spec;
    const flat = spec.shape.length === 2 ? x : e.one('Reshape', [x, e.shape([-1, spec.shape.at(-1) as Dim])]);
    const y = e.one('Gemm', b === undefined ? [flat, w] : [flat, w, b], { attributes: { transB: Number(attrs.transposed) } });
    if (spec.shape.length === 2) return [y];
    const free = out.shape.filter((d) => typeof d !== 'number').length;
    return [e.one('Reshape', [y, free <= 1 ? e.ints(out.shape.map((d) => (typeof d === 'number' ? d : -1))) : e.shape(out.shape)])];
  },
  reference: ([input, weight, bias], { transposed }) => {
    const [x, w] = [input as RefArray, weight as RefArray];
    const widthIn = x.shape.at(-1) as number;
    const widthOut = (transposed ? w.shape[0] : w.shape[1]) as number;
    return [
      ref([...x.shape.slice(0, -1), widthOut], (_, flat) => {
        const row = Math.floor(flat / widthOut);
        const column = flat % widthOut;
        let total = bias?.data[column] ?? 0;
        for (let k = 0; k < widthIn; k++) {
          total += (x.data[row * widthIn + k] as number) * (w.data[transposed ? column * widthIn + k : k * widthOut + column] as number);
        }
        return total;
      }),
    ];
  },
  cases: [
    { attrs: { transposed: false }, inputs: [{ shape: [2, 3, 4] }, { shape: [4, 5] }, { shape: [5] }] },
    { attrs: { transposed: true }, inputs: [{ shape: [3, 4] }, { shape: [5, 4] }, { shape: [5] }] },
    { attrs: { transposed: false }, inputs: [{ shape: [2, 2, 2, 3] }, { shape: [3, 2] }] },
    { attrs: { transposed: true }, inputs: [{ shape: [4] }, { shape: [3, 4] }] },
  ],
});

/**
 * y = x W + b.
 * @param x [...,in] float
 * @param weight [in,out], or [out,in] with `transposed`
 * @param options.bias [out]
 * @returns [...,out]
 */
export function linear(x: Tensor, weight: Tensor, options: { bias?: Tensor | undefined; transposed?: boolean } = {}): Tensor {
  const inputs = options.bias === undefined ? [x, weight] : [x, weight, options.bias];
  return applyOne(linearOp, inputs, { transposed: options.transposed ?? false });
}
