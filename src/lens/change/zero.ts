import { full } from '../../ops/index.js';
import type { Where, Zero } from './intervention.js';
import type { Kind } from './kind.js';

export const zeroKind: Kind<Zero> = {
  doc: 'zeros',
  arrays: () => ({}),
  apply: (value) => full(value.shape, 0, value.dtype),
  toJson: () => ({}),
  fromJson: () => ({}),
};

/** Zero ablation. @example zero('blocks.1.attention.mixed', { heads: [3] }) */
export function zero(at: string, where: Omit<Where, 'at'> = {}): Zero {
  return { kind: 'zero', at, ...where };
}
