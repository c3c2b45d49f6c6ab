import { type Dim, fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { formatSpec, type Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { atPlaces } from './by-token.js';
import { maskCosts } from './costs.js';

/**
 * Keys that are real tokens, not padding: r_j. Queries that are padding still attend; nobody looks at what they gather.
 * @param real [B,N] bool, true = a token
 * @returns a mask [B,1,1,S]
 * @throws shape, dtype: `real` of another form
 */
export function padding(real: Tensor): Mask {
  if (real.rank !== 2 || real.dtype !== 'bool') {
    throw fail(real.rank === 2 ? 'dtype' : 'shape', {
      where: 'padding',
      rule: 'which tokens are real, [B,N] bool, true = a token',
      got: formatSpec(real),
    });
  }
  return (places) => atPlaces('padding', real, places).key;
}

/**
 * The same for texts that are padded behind their end: j < n.
 * @param lengths [B] int32, tokens of each text
 * @returns a mask [B,1,1,S]
 * @throws shape, dtype: lengths of another form
 */
export function withinLengths(lengths: Tensor): Mask {
  if (lengths.rank !== 1 || lengths.dtype !== 'int32') {
    throw fail(lengths.rank === 1 ? 'dtype' : 'shape', {
      where: 'withinLengths',
      rule: 'the length of each text, [B] int32',
      got: formatSpec(lengths),
    });
  }
  const batch = lengths.shape[0] as Dim;
  return ({ key }) => key.less(lengths.reshape([batch, 1, 1, 1]));
}

const common = {
  paper: '—',
  ...maskCosts,
  causal: 'mask',
  cacheable: true,
  file: 'src/attention/masks/padding.ts',
} as const;

export const paddingForms: readonly FormDeclaration[] = [
  { ...common, name: 'padding', formula: 'r_j', use: 'Texts of different lengths in one batch, padded anywhere.' },
  { ...common, name: 'withinLengths', formula: 'j < n', use: 'Texts of different lengths in one batch, padded behind their ends.' },
];
