import { type Pass, rewrite } from './rewrite.js';

/** Taps and stopped gradients have done their work when a graph is lowered: readers read what they passed on. */
export const dropIdentities: Pass = (outputs) =>
  rewrite(outputs, (node, inputs) => (node.op.identity ? inputs.slice(0, node.outputs.length) : undefined));
