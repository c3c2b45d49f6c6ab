import type { HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Value, Where } from './intervention.js';
import type { Kind } from './kind.js';
import { laidOut } from './places.js';

export const valueKind: Kind<Value> = {
  doc: 'an array in the place of what was computed',
  arrays: ({ value }, choice, where) => ({ value: laidOut(value, choice, where) }),
  apply: (value, arrays) => (arrays.value as Tensor).expand(value.shape),
  toJson: ({ value }, pack) => ({ value: pack(value) }),
  fromJson: (fields) => ({ value: fields.array('value') }),
};

/** An array in the place of a value. @example value('blocks.0.mlp.post[:, -1]', post) */
export function value(at: string, array: HostArray, where: Omit<Where, 'at'> = {}): Value {
  return { kind: 'value', at, value: array, ...where };
}
