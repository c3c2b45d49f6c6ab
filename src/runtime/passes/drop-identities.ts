import { type Pass, rewrite } from './rewrite.js';

const identities = new Set(['tap', 'stop_gradient']);

/** Taps and stopped gradients have done their work when a graph is lowered: readers read what they passed on. */
export const dropIdentities: Pass = (outputs) => rewrite(outputs, (node, inputs) => (identities.has(node.op.name) ? inputs : undefined));
