import { arrayOf, concrete, HostArray, sizeOf } from '../../core/index.js';
import { constant } from '../../ops/index.js';
import type { RefArray } from '../../ops/reference.js';
import type { Node, Tensor } from '../../ops/tensor.js';
import { type Pass, rewrite } from './rewrite.js';

/** Larger results stay computed: a model file should not swell. */
const largest = 1 << 18;
/** Storage formats whose bits are not numbers to compute with. */
const unfoldable = new Set(['float16', 'int64']);

/** What depends on constants alone is computed now, by the ops' float64 references. */
export const foldConstants: Pass = (outputs) =>
  rewrite(outputs, (node, inputs) => {
    const values = inputs.map(constantValue);
    const sizes = node.outputs.map((y) => concrete(y.shape));
    const small = values.every((v) => v !== undefined && v.data.length <= largest && !unfoldable.has(v.dtype));
    if (
      inputs.length === 0 ||
      !small ||
      node.outputs.some((y) => unfoldable.has(y.dtype)) ||
      sizes.some((s) => s === undefined || sizeOf(s) > largest)
    )
      return undefined;
    const results = node.op.reference(
      values.map((v) => toReference(v as HostArray)),
      node.attrs,
    );
    return node.outputs.map((y, i) => constant(fromReference(results[i] as RefArray, y)));
  });

/** The value of a constant leaf. */
export function constantValue(t: Tensor): HostArray | undefined {
  const value = (t.node as Node & { attrs: { value?: unknown } }).attrs.value;
  return t.node.op.name === 'constant' && value instanceof HostArray ? value : undefined;
}

function toReference(value: HostArray): RefArray {
  return { shape: value.shape, data: new Float64Array(value.data as ArrayLike<number>) };
}

function fromReference(value: RefArray, like: Tensor): HostArray {
  const data = new arrayOf[like.dtype](value.data.length);
  (data as Float32Array).set(value.data);
  return new HostArray(data, value.shape, like.dtype);
}
