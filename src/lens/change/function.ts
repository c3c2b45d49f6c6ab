import type { Tensor } from '../../ops/index.js';
import type { Replace, Where } from './intervention.js';
import type { Kind } from './kind.js';

export const functionKind: Kind<Replace> = {
  doc: 'a function of the value, traced into the graph',
  arrays: () => ({}),
  apply: (value, _, { change }) => change(value),
};

/** A function of the value. @example replace('blocks.0.mlp.post', (x) => x.mul(2), { name: 'twice' }) */
export function replace(at: string, change: (value: Tensor) => Tensor, where: Omit<Where, 'at'> = {}): Replace {
  return { kind: 'function', at, change, ...where };
}
