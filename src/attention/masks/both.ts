import type { Tensor } from '../../ops/index.js';

/** What two masks both allow; one that is missing allows everything. */
export function both(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  return a !== undefined && b !== undefined ? a.logicalAnd(b) : (a ?? b);
}
