import { type Dim, equalDims, isFloat, knownSize } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import { apply, type Tensor } from '../tensor.js';

interface LayerNormAttrs {
  readonly epsilon: number;
}

const layerNormOp = defineOp<LayerNormAttrs>({
  name: 'layer_norm',
  doc: 'y = (x − μ)/√(σ² + ε) · w + b over the last axis (Ba et al. 2016); also outputs μ and 1/√(σ² + ε) for the backward pass.',
  inputs: ['x', 'weight', 'bias?'],
  infer: ({ inputs: [x, w, b], refuse }) => {
    if (x === undefined || w === undefined || !isFloat(x.dtype)) throw refuse('x and weight, float, are expected', { code: 'dtype' });
    const fits = (p: Spec | undefined): boolean =>
      p === undefined || (p.shape.length === 1 && equalDims(p.shape[0] as number, x.shape.at(-1) as number));
    if (!fits(w) || !fits(b)) throw refuse(`weight and bias of shape [${x.shape.at(-1)}] are expected`);
    const statistic = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype };
    return [x, statistic, statistic];
  },
  vjp: ({ inputs, outputs, grads, needs }) => {
    const [x, w, b] = inputs as [Tensor, Tensor, Tensor | undefined];
    const [, mean, rstd] = outputs as [Tensor, Tensor, Tensor];
    const [g, gMean, gRstd] = grads;
    const width = knownSize(x.shape.at(-1) as Dim, 'the gradient of layer_norm');
    const rows = (t: Tensor): Tensor => t.reshape([-1, width]);
    const normal = x.sub(mean).mul(rstd);
    let dx: Tensor | undefined;
    let dw: Tensor | undefined;
    let db: Tensor | undefined;
    if (g !== undefined) {
      // With x̂ the normalised input: dx = (w∘g − m₁ − x̂ m₂)/σ, m₁ = mean(w∘g), m₂ = mean(w∘g∘x̂); the means are products with w.
      const gx = g.mul(normal);
      const column = w.reshape([width, 1]);
      const average = (t: Tensor): Tensor => (t.rank === 1 ? rows(t) : t).matmul(column, { scale: 1 / width }).reshape(mean.shape);
      dx = g
        .mul(w)
        .sub(normal.mul(average(gx)).add(average(g)))
        .mul(rstd);
      dw = needs[1] ? rows(gx).sum({ axis: 0 }) : undefined;
      db = b !== undefined && needs[2] ? rows(g).sum({ axis: 0 }) : undefined;
    }
    // μ and 1/σ are outputs too, so the backward pass can be differentiated in turn.
    if (gMean !== undefined) dx = plus(dx, gMean.mul(1 / width).expand(x.shape));
    if (gRstd !== undefined)
      dx = plus(
        dx,
        gRstd
          .mul(rstd)
          .mul(rstd)
          .mul(normal)
          .mul(-1 / width),
      );
    return b === undefined ? [dx, dw] : [dx, dw, db];
  },
  order: 'any',
  lower: (e, { inputs, attrs, used, inputSpecs }) => {
    const attributes = { axis: -1, epsilon: { float: attrs.epsilon } };
    const statistics = used[1] || used[2];
    if (e.target.provider !== 'webgpu' || !statistics) {
      return e.many('LayerNormalization', inputs, statistics ? 3 : 1, { attributes });
    }
    // The WebGPU kernel has no statistics.
    const [x, w, b] = inputs as [string, string, string | undefined];
    const average = (v: string): string => e.one('ReduceMean', [v, e.ints([-1])], { attributes: { keepdims: 1 } });
    const mean = average(x);
    const centred = e.one('Sub', [x, mean]);
    const variance = average(e.one('Mul', [centred, centred]));
    const dtype = (inputSpecs[0] as Spec).dtype;
    const rstd = e.one('Reciprocal', [e.one('Sqrt', [e.one('Add', [variance, e.scalar(attrs.epsilon, dtype)])])]);
    const scaled = e.one('Mul', [e.one('Mul', [centred, rstd]), w]);
    return [b === undefined ? scaled : e.one('Add', [scaled, b]), mean, rstd];
  },
  reference: ([input, w, b], { epsilon }) => {
    const x = input as RefArray;
    const width = x.shape.at(-1) as number;
    const statistic = [...x.shape.slice(0, -1), 1];
    const row = (r: number): Float64Array => x.data.subarray(r * width, (r + 1) * width);
    const mean = ref(statistic, (_, r) => row(r).reduce((s, v) => s + v, 0) / width);
    const rstd = ref(
      statistic,
      (_, r) => 1 / Math.sqrt(row(r).reduce((s, v) => s + (v - (mean.data[r] as number)) ** 2, 0) / width + epsilon),
    );
    const y = ref(x.shape, (_, i) => {
      const r = Math.floor(i / width);
      const normal = ((x.data[i] as number) - (mean.data[r] as number)) * (rstd.data[r] as number);
      return normal * ((w as RefArray).data[i % width] as number) + (b?.data[i % width] ?? 0);
    });
    return [y, mean, rstd];
  },
  cases: [
    { attrs: { epsilon: 1e-5 }, inputs: [{ shape: [2, 3, 8] }, { shape: [8] }, { shape: [8] }] },
    { attrs: { epsilon: 1e-3 }, inputs: [{ shape: [3, 6] }, { shape: [6] }] },
  ],
});

function plus(a: Tensor | undefined, b: Tensor): Tensor {
  return a === undefined ? b : a.add(b);
}

/**
 * Layer normalisation over the last axis: y = (x − μ)/√(σ² + ε) · w + b (Ba, Kiros and Hinton 2016, eq. 4).
 * @param x [...,C] float; @param weight [C]; @param options.bias [C]; @param options.epsilon 1e-5 by default
 * @returns [...,C]
 */
export function layerNorm(x: Tensor, weight: Tensor, options: { bias?: Tensor | undefined; epsilon?: number } = {}): Tensor {
  const inputs = options.bias === undefined ? [x, weight] : [x, weight, options.bias];
  return apply(layerNormOp, inputs, { epsilon: options.epsilon ?? 1e-5 })[0] as Tensor;
}
