import { type Dim, fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { formatSpec, Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { causal } from './causal.js';
import { maskCosts } from './costs.js';
import { wholeNumber } from './whole-number.js';

/**
 * A prefix that sees itself as a whole, and a continuation that sees the prefix and what is before it: j ≤ i or j < n
 * (Raffel et al. 2020, T5, section 3.2.1 and figure 4, "causal with prefix"; Dong et al. 2019, UniLM).
 * It holds the causal mask: with another beside it, the prefix would lose its view of itself. With a cache, the prefix is
 * read at once and the rest token by token.
 * @param length n: one for all texts, or [B] int32, one for each
 * @throws value, shape, dtype: a length that is none
 */
export function prefix(length: number | Tensor): Mask {
  const until = length instanceof Tensor ? perText(length) : wholeNumber('prefix', 'length', length, 0);
  return (places) => causal(places).logicalOr(places.key.less(until));
}

function perText(length: Tensor): Tensor {
  if (length.rank !== 1 || length.dtype !== 'int32') {
    throw fail(length.rank === 1 ? 'dtype' : 'shape', {
      where: 'prefix',
      rule: "a whole number, or each text's, [B] int32",
      got: formatSpec(length),
    });
  }
  return length.reshape([length.shape[0] as Dim, 1, 1, 1]);
}

export const prefixForm: FormDeclaration = {
  name: 'prefix',
  formula: 'j ≤ i ∨ j < n',
  paper: 'Raffel et al. 2020 (T5), section 3.2.1',
  ...maskCosts,
  causal: 'mask',
  cacheable: true,
  use: 'A question read in both directions, an answer written forwards.',
  file: 'src/attention/masks/prefix.ts',
};
