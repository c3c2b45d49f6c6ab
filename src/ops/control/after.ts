import { isFloat } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { NoAttrs } from '../elementwise/binary.js';
import type { RefArray } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, type Tensor } from '../tensor.js';

const afterOp = defineOp<NoAttrs>({
  name: 'after',
  doc: 'The identity on x, which no engine can compute before the token is known.',
  inputs: ['x', 'token'],
  infer: ({ inputs: [x, token], refuse }) => {
    if (x === undefined || token === undefined || !isFloat(token.dtype))
      throw refuse('x and a float token are expected', { code: 'dtype' });
    return [x];
  },
  vjp: ({ g }) => [g, undefined],
  order: 'any',
  // x − 0, bit for bit x; the zero is t > t for an element t of the token, which no optimiser sees through: it may be NaN.
  lower: (e, { inputs, inputSpecs }) => {
    const [x, token] = inputs as [string, string];
    const { dtype } = inputSpecs[0] as Spec;
    const first = e.one('Gather', [e.one('Reshape', [token, e.ints([-1])]), e.ints([0])]);
    const no = e.one('Reshape', [e.one('Greater', [first, first]), e.ints([])]);
    return [dtype === 'bool' ? e.one('Or', [x, no]) : e.one('Sub', [x, e.cast(no, dtype)])];
  },
  reference: ([x]) => [x as RefArray],
  cases: [
    { attrs: {}, inputs: [{ shape: [2, 3] }, { shape: [4] }] },
    { attrs: {}, inputs: [{ shape: [] }, { shape: [] }] },
    { attrs: {}, inputs: [{ shape: [3], dtype: 'int32', range: [-5, 5] }, { shape: [2, 2] }] },
    { attrs: {}, inputs: [{ shape: [3], dtype: 'bool', range: [0, 1] }, { shape: [1] }] },
  ],
});

/** x, not before `token` (float, any shape) is known: keeps a recomputation from running, or being merged, early. */
export function after(x: Tensor, token: Tensor): Tensor {
  return applyOne(afterOp, [x, token], {});
}
