import type { DType, Shape } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { applyOne, type Tensor } from '../tensor.js';

interface InputAttrs {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

export const inputOp = defineOp<InputAttrs>({
  name: 'input',
  doc: 'A value that the caller feeds.',
  inputs: [],
  infer: ({ attrs }) => [{ shape: attrs.shape, dtype: attrs.dtype }],
  vjp: () => [],
  order: 'any',
  lower: (e, { attrs }) => [e.input(attrs.name, attrs)],
  reference: () => {
    throw new Error('an input has no value of its own: the evaluator feeds it');
  },
  cases: [],
});

/** A named input of a program. */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
  return applyOne(inputOp, [], { name, shape, dtype });
}
