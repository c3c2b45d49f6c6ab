import type { FormDeclaration } from '../../nn/index.js';
import type { Mask } from '../parts.js';
import { distance } from '../places.js';
import { withinBlock } from './blocks.js';
import { maskCosts } from './costs.js';
import { wholeNumber } from './whole-number.js';

/**
 * A sliding window with gaps: |i − j| < w·d and d divides i − j, so that w keys on each side (the query's own among them)
 * reach d times as far (Beltagy et al. 2020, Longformer, section 3.1, "dilated sliding window").
 * @throws value: a window or a dilation below 1
 */
export function dilated(window: number, dilation: number): Mask {
  const reach = wholeNumber('dilated', 'window', window, 1) * wholeNumber('dilated', 'dilation', dilation, 1);
  return (places) => {
    const behind = distance(places);
    const aligned = withinBlock(places.query, dilation).equal(withinBlock(places.key, dilation));
    return behind.less(reach).logicalAnd(behind.greater(-reach)).logicalAnd(aligned);
  };
}

export const dilatedForm: FormDeclaration = {
  name: 'dilated',
  formula: '|i − j| < w·d ∧ d | i − j',
  paper: 'Beltagy et al. 2020 (Longformer), section 3.1',
  ...maskCosts,
  causal: 'mask',
  cacheable: true,
  use: 'A window that reaches further with as many keys; other heads fill the gaps.',
  file: 'src/attention/masks/dilated.ts',
};
