import { topological } from './graph.js';
import type { RefArray } from './reference.js';
import type { Tensor } from './tensor.js';

/**
 * A graph's outputs in float64, by the ops' naive references: what results and gradients are checked against.
 * @param feeds values of tensors that are given, every input that is needed among them; what only serves them is not computed
 */
export function evaluate(outputs: readonly Tensor[], feeds: ReadonlyMap<Tensor, RefArray>): RefArray[] {
  const values = new Map<Tensor, RefArray>();
  const lookUp = (t: Tensor): RefArray => (feeds.get(t) ?? values.get(t)) as RefArray;
  for (const node of topological(outputs, feeds)) {
    const results = node.op.reference(node.inputs.map(lookUp), node.attrs);
    node.outputs.forEach((y, i) => {
      values.set(y, results[i] as RefArray);
    });
  }
  return outputs.map(lookUp);
}
