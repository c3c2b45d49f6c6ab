import { defineOp } from '../declare.js';
import type { Parameter } from '../parameter.js';
import { applyOne, type Tensor } from '../tensor.js';

interface ParameterAttrs {
  readonly parameter: Parameter;
}

export const parameterOp = defineOp<ParameterAttrs>({
  name: 'parameter',
  doc: "A module's parameter; tracing collects it, the runtime binds its values.",
  inputs: [],
  infer: ({ attrs }) => [{ shape: attrs.parameter.shape, dtype: attrs.parameter.dtype }],
  vjp: () => [],
  order: 'any',
  lower: (e, { attrs }) => [e.parameter(attrs.parameter)],
  reference: (_, { parameter }) => [{ shape: parameter.shape, data: Float64Array.from(parameter.value.data as Float32Array) }],
  cases: [],
});

const leaves = new WeakMap<Parameter, Tensor>();

/** The tensor of a parameter: always the same one, so that gradients by it can be asked for anywhere. */
export function parameterTensor(parameter: Parameter): Tensor {
  let leaf = leaves.get(parameter);
  if (leaf === undefined) {
    leaf = applyOne(parameterOp, [], { parameter });
    leaves.set(parameter, leaf);
  }
  return leaf;
}
