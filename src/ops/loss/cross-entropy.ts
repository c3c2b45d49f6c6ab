import { equalDims, fail, isFloat } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { NoAttrs } from '../elementwise/binary.js';
import { where } from '../elementwise/where.js';
import type { Emitter } from '../emitter.js';
import { scatterAlong } from '../index/take-along.js';
import { type RefArray, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import { apply, asTensor, type Tensor, type TensorLike } from '../tensor.js';

const crossEntropyOp = defineOp<NoAttrs>({
  name: 'cross_entropy',
  doc: 'Row losses ℓ_i = −log softmax(x_i)[t_i], and the log-probabilities, which the backward pass needs.',
  inputs: ['logits', 'targets'],
  infer: ({ inputs: [x, t], refuse }) => {
    if (x === undefined || t === undefined || !isFloat(x.dtype) || t.dtype !== 'int32')
      throw refuse('float logits and int32 targets are expected', { code: 'dtype' });
    if (x.shape.length !== 2 || t.shape.length !== 1 || !equalDims(x.shape[0] as number, t.shape[0] as number))
      throw refuse('logits [N,V] and targets [N] are expected');
    return [{ shape: t.shape, dtype: x.dtype }, x];
  },
  vjp: ({ inputs, outputs, grads }) => {
    const targets = (inputs[1] as Tensor).reshape([-1, 1]);
    const logp = outputs[1] as Tensor;
    const probabilities = logp.exp();
    const [g, gLogp] = grads;
    // dx = g (p − onehot(t)), and through the log-probabilities h: dx = h − p Σ h.
    const first = g === undefined ? undefined : scatterAlong(probabilities, targets, -1, 1).mul(g.reshape([-1, 1]));
    const second = gLogp === undefined ? undefined : gLogp.sub(probabilities.mul(gLogp.sum({ axis: 1, keep: true })));
    return [first === undefined ? second : second === undefined ? first : first.add(second), undefined];
  },
  order: 'any',
  lower: (e, { inputs }) => {
    const [x, t] = inputs as [string, string];
    const logp = logSoftmaxNodes(e, x, 1);
    const picked = e.one('GatherElements', [logp, e.one('Reshape', [t, e.ints([-1, 1])])], { attributes: { axis: 1 } });
    return [e.one('Neg', [e.one('Reshape', [picked, e.ints([-1])])]), logp];
  },
  reference: ([x, t]) => {
    const logp = logSoftmaxRef(x as RefArray);
    const width = logp.shape[1] as number;
    return [ref((t as RefArray).shape, (_, i) => -(logp.data[i * width + ((t as RefArray).data[i] as number)] as number)), logp];
  },
  cases: [{ attrs: {}, inputs: [{ shape: [4, 5] }, { shape: [4], dtype: 'int32', range: [0, 4] }] }],
});

/** LogSoftmax; on WebGPU, where it would fall back to the CPU, spelled out. */
export function logSoftmaxNodes(e: Emitter, x: string, axis: number): string {
  if (e.target.provider !== 'webgpu') return e.one('LogSoftmax', [x], { attributes: { axis } });
  const keep = { attributes: { keepdims: 1 } };
  const shifted = e.one('Sub', [x, e.one('ReduceMax', [x, e.ints([axis])], keep)]);
  return e.one('Sub', [shifted, e.one('Log', [e.one('ReduceSum', [e.one('Exp', [shifted]), e.ints([axis])], keep)])]);
}

function logSoftmaxRef(x: RefArray): RefArray {
  const width = x.shape[1] as number;
  const normaliser = Array.from({ length: x.shape[0] as number }, (_, r) => {
    const row = x.data.subarray(r * width, (r + 1) * width);
    const top = Math.max(...row);
    return top + Math.log(row.reduce((s, v) => s + Math.exp(v - top), 0));
  });
  return ref(x.shape, (_, i) => (x.data[i] as number) - (normaliser[Math.floor(i / width)] as number));
}

export interface CrossEntropyOptions {
  /** Targets of this value do not count (−100 by PyTorch's custom). */
  readonly ignore?: number;
  /** [V], a weight per class. */
  readonly weights?: TensorLike;
  /** ε in [0, 1]: the target distribution is (1 − ε)·onehot + ε/V (Szegedy et al. 2016). */
  readonly labelSmoothing?: number;
  /** `mean` divides by the summed weights of the targets that count. */
  readonly reduction?: 'mean' | 'sum' | 'none';
}

/**
 * Cross-entropy of logits against class indices, as PyTorch defines it:
 * ℓ_i = −(1 − ε) w_{t_i} log p_{i,t_i} − (ε/V) Σ_c w_c log p_{i,c}, zero where t_i is ignored.
 * @param logits [N,V] float
 * @param targets [N] int32
 * @returns a scalar, or [N] with reduction `none`; in nats
 * @throws value: label smoothing outside [0, 1]
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const epsilon = options.labelSmoothing ?? 0;
  if (!(epsilon >= 0 && epsilon <= 1))
    throw fail('value', { where: 'crossEntropy', rule: 'label smoothing between 0 and 1', got: String(epsilon) });
  const ignored = options.ignore === undefined ? undefined : targets.equal(options.ignore);
  const safe = ignored === undefined ? targets : where(ignored, 0, targets);
  const weights = options.weights === undefined ? undefined : asTensor(options.weights, logits);
  const [picked, logp] = apply(crossEntropyOp, [logits, safe], {}) as [Tensor, Tensor];
  const rowWeight = rowWeights(targets, options, logits);
  let rows = rowWeight === undefined ? picked : picked.mul(rowWeight);
  if (epsilon > 0) {
    const classes = logits.shape[1] as number;
    let smooth = (weights === undefined ? logp : logp.mul(weights)).sum({ axis: 1 }).mul(-epsilon / classes);
    if (ignored !== undefined) smooth = smooth.mul(ignored.logicalNot().cast(logits.dtype));
    rows = rows.mul(1 - epsilon).add(smooth);
  }
  return reduced(rows, rowWeight, options.reduction ?? 'mean');
}

/** What each target counts, [N]: its class's weight, nothing where it is ignored; undefined where all count one. */
export function rowWeights(targets: Tensor, { ignore, weights }: CrossEntropyOptions, like: Spec): Tensor | undefined {
  const ignored = ignore === undefined ? undefined : targets.equal(ignore);
  const safe = ignored === undefined ? targets : where(ignored, 0, targets);
  const ofClass = weights === undefined ? undefined : asTensor(weights, like).gather(safe);
  const counts = ignored?.logicalNot().cast(like.dtype);
  return ofClass !== undefined && counts !== undefined ? ofClass.mul(counts) : (ofClass ?? counts);
}

/** Row losses [N], their sum, or their mean over the weights. */
export function reduced(rows: Tensor, rowWeight: Tensor | undefined, reduction: 'mean' | 'sum' | 'none'): Tensor {
  if (reduction === 'none') return rows;
  if (reduction === 'sum') return rows.sum();
  return rowWeight === undefined ? rows.mean() : rows.sum().div(rowWeight.sum());
}
