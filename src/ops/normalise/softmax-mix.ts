import { type Dim, equalShapes, isFloat, multiplyDims } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { matmul } from '../matrix/matmul.js';
import type { RefArray } from '../reference.js';
import { applyOne, type Tensor } from '../tensor.js';
import { type SoftmaxOptions, softmax } from './softmax.js';

interface SoftmaxMixAttrs {
  readonly everyRowAttends: boolean;
}

const softmaxMixOp = defineOp<SoftmaxMixAttrs>({
  name: 'softmax_mix',
  doc: 'The identity on o = softmax(s | mask) v, known already, whose gradient makes the weights anew and takes their row sums from o (Dao et al. 2022, FlashAttention, section 3.1).',
  inputs: ['o', 'scores', 'value', 'mask?'],
  identity: true,
  infer: ({ inputs: [o, scores, value], refuse }) => {
    if (o === undefined || scores === undefined || value === undefined || !isFloat(scores.dtype)) throw refuse('three floats are expected');
    const [b, h, t, w] = o.shape;
    const [, k, s] = value.shape;
    const fits = [o, scores, value].every((x) => x.shape.length === 4) && typeof h === 'number' && typeof k === 'number' && h % k === 0;
    if (!fits || !equalShapes(scores.shape, [b, h, t, s] as Dim[]) || !equalShapes(value.shape, [b, k, s, w] as Dim[]))
      throw refuse('o [B,H,T,D], scores [B,H,T,S] and value [B,K,S,D] are expected, K a divisor of H');
    return [o];
  },
  // With P = softmax(s): dv = Pᵀ do, ds = P ∘ (do vᵀ − rowsum(do ∘ o)). By o nothing: whoever made it is passed over.
  vjp: ({ inputs, attrs: { everyRowAttends }, g }) => {
    const [o, scores, value, mask] = inputs as [Tensor, Tensor, Tensor, Tensor | undefined];
    const weights = softmax(scores, { mask, everyRowAttends });
    const sums = g.mul(o).sum({ axis: -1, keep: true });
    const rows = grouped(g, value);
    const slopes = matmul(rows, value, { transposeB: true }).reshape(scores.shape);
    return [undefined, slopes.sub(sums).mul(weights), matmul(grouped(weights, value), rows, { transposeA: true })];
  },
  order: 'any',
  lower: (e, { inputs }) => [e.one('Identity', [inputs[0] as string])],
  reference: ([o]) => [o as RefArray],
  cases: [
    {
      attrs: { everyRowAttends: true },
      inputs: [
        { shape: [2, 2, 3, 2], differentiable: false },
        { shape: [2, 2, 3, 4], differentiable: false },
        { shape: [2, 1, 4, 2], differentiable: false },
      ],
    },
  ],
});

/** Heads that share a value head as the rows of one taller matrix: [B,H,T,·] → [B,K,H/K·T,·]. */
function grouped(x: Tensor, value: Tensor): Tensor {
  const [batch, heads, length, width] = x.shape as [Dim, number, Dim, Dim];
  const shared = value.shape[1] as number;
  return x.reshape([batch, shared, multiplyDims(heads / shared, length), width]);
}

export interface SoftmaxMixOptions extends Omit<SoftmaxOptions, 'axis'> {
  /** The result, where it was computed before: only its gradient is made of the scores then. */
  readonly known?: Tensor;
}

/**
 * o = softmax(s | mask) v, whose gradient keeps o and the scores but not the weights. Its use is within `recompute`, given
 * the result of the forward pass as `known`: what is done again ends at the scores, and the row sums that softmax's gradient
 * needs are those of do∘o, which are D wide instead of S.
 * @param scores [B,H,T,S] @param value [B,K,S,D], K divides H: each H/K neighbouring heads share one
 * @returns [B,H,T,D]
 */
export function softmaxMix(scores: Tensor, value: Tensor, { known, ...options }: SoftmaxMixOptions = {}): Tensor {
  const { mask, everyRowAttends = false } = options;
  const weights = (): Tensor => softmax(scores, { mask, everyRowAttends });
  const o = known ?? matmul(grouped(weights(), value), value).reshape([...scores.shape.slice(0, 3), value.shape[3] as Dim]);
  return applyOne(softmaxMixOp, [o, scores, value, ...(mask === undefined ? [] : [mask])], { everyRowAttends });
}
