import { defineOp } from '../declare.js';
import type { NoAttrs } from '../elementwise/binary.js';
import type { RefArray } from '../reference.js';
import { applyOne, type Tensor } from '../tensor.js';

const stopGradientOp = defineOp<NoAttrs>({
  name: 'stop_gradient',
  doc: 'The identity, through which no gradient flows.',
  inputs: ['x'],
  infer: ({ inputs: [x], refuse }) => {
    if (x === undefined) throw refuse('one input is expected');
    return [x];
  },
  vjp: 'none',
  order: 'any',
  identity: true,
  lower: (e, { inputs }) => [e.one('Identity', inputs)],
  reference: ([x]) => [x as RefArray],
  cases: [{ attrs: {}, inputs: [{ shape: [2, 3], differentiable: false }] }],
});

/** x, as a constant to differentiation. */
export function stopGradient(x: Tensor): Tensor {
  return applyOne(stopGradientOp, [x], {});
}
