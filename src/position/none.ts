import type { FormDeclaration } from '../nn/index.js';

/**
 * No positions at all. Without a mask, attention then sees a set: permute the tokens, and the outputs are permuted alike.
 * Under a causal mask the order shows all the same, for each token sees one more than the one before it, and models learn
 * to count (Haviv et al. 2022; Kazemnejad et al. 2023, NoPE). There is nothing to call: leave positions and rotation out.
 */
export const noPositionsForm: FormDeclaration = {
  name: 'none',
  formula: 'x_p',
  paper: 'Haviv et al. 2022; Kazemnejad et al. 2023 (NoPE)',
  time: '0',
  memory: '0',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Sets, where order must not count; causal models, which learn the order from their mask.',
  file: 'src/position/none.ts',
};
