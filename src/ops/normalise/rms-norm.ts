import { type Dim, equalDims, isFloat, knownSize } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import { apply, type Tensor } from '../tensor.js';

interface RmsNormAttrs {
  readonly epsilon: number;
}

const rmsNormOp = defineOp<RmsNormAttrs>({
  name: 'rms_norm',
  doc: 'y = x/√(mean(x²) + ε) · w over the last axis (Zhang and Sennrich 2019); also outputs 1/√(mean(x²) + ε) for the backward pass.',
  inputs: ['x', 'weight'],
  infer: ({ inputs: [x, w], refuse }) => {
    if (x === undefined || w === undefined || !isFloat(x.dtype) || w.dtype !== x.dtype)
      throw refuse('x and weight of one float dtype are expected', { code: 'dtype' });
    if (x.shape.length < 1 || w.shape.length !== 1 || !equalDims(w.shape[0] as number, x.shape.at(-1) as number))
      throw refuse(`a weight of shape [${x.shape.at(-1) ?? ''}] is expected`);
    return [x, { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype }];
  },
  vjp: ({ inputs, outputs, grads, needs }) => {
    const [x, w] = inputs as [Tensor, Tensor];
    const r = outputs[1] as Tensor;
    const [g, gR] = grads;
    const width = knownSize(x.shape.at(-1) as Dim, 'the gradient of rms_norm');
    const normal = x.mul(r);
    let dx: Tensor | undefined;
    let dw: Tensor | undefined;
    if (g !== undefined) {
      // With x̂ = x·r: dx = r (w∘g − x̂ m), m = mean(w∘g∘x̂), the mean as a product with w.
      const gx = g.mul(normal);
      const rows = (t: Tensor): Tensor => t.reshape([-1, width]);
      const m = (x.rank === 1 ? rows(gx) : gx).matmul(w.reshape([width, 1]), { scale: 1 / width }).reshape(r.shape);
      dx = g.mul(w).sub(normal.mul(m)).mul(r);
      dw = needs[1] ? rows(gx).sum({ axis: 0 }) : undefined;
    }
    if (gR !== undefined) {
      // r is an output too, so that the backward pass can be differentiated in turn: dr/dx = −r² x̂ / width.
      const through = gR
        .mul(r)
        .mul(r)
        .mul(normal)
        .mul(-1 / width);
      dx = dx === undefined ? through : dx.add(through);
    }
    return [dx, dw];
  },
  order: 'any',
  lower: (e, { inputs, attrs, used, inputSpecs }) => {
    const [x, w] = inputs as [string, string];
    if (e.fused) {
      // ONNX Runtime's own operator under ONNX's domain; its second output is r.
      const attributes = { axis: -1, epsilon: { float: attrs.epsilon } };
      return e.many('SimplifiedLayerNormalization', [x, w], used[1] ? 2 : 1, { attributes });
    }
    const { dtype } = inputSpecs[0] as Spec;
    const square = e.one('ReduceMean', [e.one('Mul', [x, x]), e.ints([-1])], { attributes: { keepdims: 1 } });
    const r = e.one('Reciprocal', [e.one('Sqrt', [e.one('Add', [square, e.scalar(attrs.epsilon, dtype)])])]);
    return [e.one('Mul', [e.one('Mul', [x, r]), w]), r];
  },
  reference: ([input, weight], { epsilon }) => {
    const [x, w] = [input as RefArray, weight as RefArray];
    const width = x.shape.at(-1) as number;
    const r = ref([...x.shape.slice(0, -1), 1], (_, row) => {
      const values = x.data.subarray(row * width, (row + 1) * width);
      return 1 / Math.sqrt(values.reduce((s, v) => s + v * v, 0) / width + epsilon);
    });
    const scale = (i: number): number => (r.data[Math.floor(i / width)] as number) * (w.data[i % width] as number);
    return [ref(x.shape, (_, i) => (x.data[i] as number) * scale(i)), r];
  },
  cases: [
    { attrs: { epsilon: 1e-6 }, inputs: [{ shape: [2, 3, 8] }, { shape: [8] }] },
    { attrs: { epsilon: 0.1 }, inputs: [{ shape: [3, 6] }, { shape: [6] }] },
  ],
});

/**
 * Root-mean-square normalisation over the last axis: y = x/√(mean(x²) + ε) · w (Zhang and Sennrich 2019, eq. 4).
 * @param x [...,C] float; @param weight [C]; @param options.epsilon 1e-6 by default
 * @returns [...,C]
 */
export function rmsNorm(x: Tensor, weight: Tensor, options: { epsilon?: number } = {}): Tensor {
  return apply(rmsNormOp, [x, weight], { epsilon: options.epsilon ?? 1e-6 })[0] as Tensor;
}
