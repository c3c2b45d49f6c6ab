import { isFloat, normalizeAxis } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { logSoftmaxNodes } from '../loss/cross-entropy.js';
import { type RefArray, read, ref, withAxis } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';

interface LogSoftmaxAttrs {
  readonly axis: number;
}

const logSoftmaxOp = defineOp<LogSoftmaxAttrs>({
  name: 'log_softmax',
  doc: 'y_j = x_j − ln Σ_k e^{x_k} along an axis: the logarithm of softmax, without overflow.',
  inputs: ['x'],
  infer: ({ inputs: [x], refuse }) => {
    if (x === undefined || !isFloat(x.dtype)) throw refuse('a float tensor is expected', { code: 'dtype' });
    return [x];
  },
  // dx = g − softmax(x) Σ g.
  vjp: ({ outputs: [y], attrs, g }) => [g.sub((y as Tensor).exp().mul(g.sum({ axis: attrs.axis, keep: true })))],
  order: 'any',
  lower: (e, { inputs, attrs }) => [logSoftmaxNodes(e, inputs[0] as string, attrs.axis)],
  reference: ([input], { axis }) => {
    const x = input as RefArray;
    return [
      ref(x.shape, (index) => {
        const row = Array.from({ length: x.shape[axis] as number }, (_, j) => read(x, withAxis(index, axis, j)));
        const top = Math.max(...row);
        return read(x, index) - top - Math.log(row.reduce((s, v) => s + Math.exp(v - top), 0));
      }),
    ];
  },
  cases: [
    { attrs: { axis: 1 }, inputs: [{ shape: [3, 5] }] },
    { attrs: { axis: 1 }, inputs: [{ shape: [2, 4, 3] }] },
    { attrs: { axis: 0 }, inputs: [{ shape: [5], range: [-300, 300] }] },
  ],
});

/** y_j = x_j − ln Σ_k e^{x_k} along `axis` (the last by default); ≤ 0. */
export function logSoftmax(x: Tensor, options: { axis?: number } = {}): Tensor {
  return applyOne(logSoftmaxOp, [x], { axis: normalizeAxis(options.axis ?? -1, x.rank, 'log_softmax') });
}

declare module '../tensor.js' {
  interface Tensor {
    logSoftmax(options?: { axis?: number }): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  logSoftmax(this: Tensor, options?: { axis?: number }) {
    return logSoftmax(this, options);
  },
});
