import { fail, host } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { constant, formatSpec, Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { atPlaces } from './by-token.js';
import { maskCosts } from './costs.js';
import { wholeNumber } from './whole-number.js';

/**
 * Tokens that see all and are seen by all: i ∈ G or j ∈ G (Beltagy et al. 2020, Longformer, section 3.1, "global
 * attention"; Zaheer et al. 2020, BigBird, section 2).
 * @param tokens G: positions, the same in every text; or [B,N] bool, true = global
 * @example or(slidingWindow(256), globalTokens([0]))
 * @throws value, shape, dtype: no positions, or a tensor of another form
 */
export function globalTokens(tokens: readonly number[] | Tensor): Mask {
  if (tokens instanceof Tensor) {
    if (tokens.rank !== 2 || tokens.dtype !== 'bool') {
      throw fail(tokens.rank === 2 ? 'dtype' : 'shape', {
        where: 'globalTokens',
        rule: 'positions, or which tokens are global, [B,N] bool',
        got: formatSpec(tokens),
      });
    }
    return (places) => {
      const are = atPlaces('globalTokens', tokens, places);
      return are.query.logicalOr(are.key);
    };
  }
  if (tokens.length === 0) {
    throw fail('value', { where: 'globalTokens', rule: 'at least one position', got: 'none' });
  }
  const positions = tokens.map((p) => wholeNumber('globalTokens', 'position', p, 0));
  // A comparison with each: [..,T,1,G], any of them true.
  const among = (place: Tensor): Tensor => {
    const listed = constant(host(positions, { dtype: 'int32' }));
    const hits = place.reshape([...place.shape, 1]).equal(listed);
    return hits.cast('int32').max({ axis: -1 }).greater(0);
  };
  return ({ query, key }) => among(query).logicalOr(among(key));
}

export const globalTokensForm: FormDeclaration = {
  name: 'globalTokens',
  formula: 'i ∈ G ∨ j ∈ G',
  paper: 'Beltagy et al. 2020 (Longformer), section 3.1',
  ...maskCosts,
  causal: 'mask',
  cacheable: true,
  use: 'A few tokens that gather and spread what local windows cannot: with `or`, beside a window.',
  file: 'src/attention/masks/global-tokens.ts',
};
