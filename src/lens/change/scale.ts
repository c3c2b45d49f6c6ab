import type { Tensor } from '../../ops/index.js';
import { numberFor } from './add.js';
import type { Scale, Where } from './intervention.js';
import type { Kind } from './kind.js';

export const scaleKind: Kind<Scale> = {
  doc: 'times a factor',
  arrays: ({ factor }, { site }) => ({ factor: numberFor(site.shape.length, factor) }),
  apply: (value, { factor }) => value.mul(factor as Tensor),
  toJson: ({ factor }) => ({ factor }),
  fromJson: (fields) => ({ factor: fields.number('factor') }),
};

/** x · factor. @example scale('blocks.0.attention.mixed', 0.5, { heads: [1] }) */
export function scale(at: string, factor: number, where: Omit<Where, 'at'> = {}): Scale {
  return { kind: 'scale', at, factor, ...where };
}
