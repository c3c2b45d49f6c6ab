import { type HostArray, host } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { applyOne, setConstantMaker, type Tensor } from '../tensor.js';

interface ConstantAttrs {
  readonly value: HostArray;
}

export const constantOp = defineOp<ConstantAttrs>({
  name: 'constant',
  doc: 'A value fixed when the program is traced.',
  inputs: [],
  infer: ({ attrs }) => [{ shape: attrs.value.shape, dtype: attrs.value.dtype }],
  vjp: () => [],
  order: 'any',
  lower: (e, { attrs }) => [e.constant(attrs.value)],
  reference: (_, { value }) => [{ shape: value.shape, data: Float64Array.from(value.data as ArrayLike<number>, Number) }],
  cases: [
    {
      attrs: {
        value: host([
          [1, 2.5],
          [-3, 0],
        ]),
      },
      inputs: [],
    },
  ],
});

export function constant(value: HostArray): Tensor {
  return applyOne(constantOp, [], { value });
}

setConstantMaker(constant);
