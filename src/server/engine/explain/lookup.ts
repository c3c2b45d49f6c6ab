import type { Tensor } from '../../../ops/index.js';
import { Operands, type Rule, shown } from './rule.js';
import { numberAt } from './scene.js';

/** y = x[indices]: a row of a table, such as a token's embedding. */
export const lookupRule: Rule = async (scene, { tensor, index }) => {
  const [table, indices] = tensor.node.inputs as [Tensor, Tensor];
  const { axis } = tensor.node.attrs as { readonly axis: number };
  const rank = indices.shape.length;
  const at = index.slice(axis, axis + rank);
  const values = await scene.valuesOf([indices]);
  const row = numberAt(values, { tensor: indices, index: at });
  const operands = new Operands(scene);
  const place = { tensor: table, index: [...index.slice(0, axis), row, ...index.slice(axis + rank)] };
  const cell = operands.factor({ symbol: 'W', place });
  await operands.load();
  const factor = cell();
  const token = indices.node.op.name === 'input' ? scene.run.prepared.tokens[at.at(-1) as number]?.text : undefined;
  return {
    equation: { kind: 'lookup', table: factor, row, ...(token !== undefined && { token }) },
    computed: factor.value,
    text: `row ${row} of ${factor.name} = ${shown(factor.value)}`,
  };
};
