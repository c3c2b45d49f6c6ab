import { type Dim, fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { formatSpec, type Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { atPlaces } from './by-token.js';
import { maskCosts } from './costs.js';

/**
 * The mask of rows that hold several documents: query i may attend to key j when both belong to the same one, so that a
 * packed row is as many separate sequences. Every query may attend to itself.
 * @param documents [B,T] int32: each token's document, any numbers; they need not rise
 * @returns [B,1,T,T] bool, true = attend, the same for every head
 * @throws shape, dtype: documents of another form
 */
export function documentMask(documents: Tensor): Tensor {
  checkDocuments('documentMask', documents, 'T');
  const [batch, length] = documents.shape as [Dim, Dim];
  return documents.reshape([batch, 1, length, 1]).equal(documents.reshape([batch, 1, 1, length]));
}

/**
 * The same as a part: looks up the documents of queries and keys where they stand, so that it serves a cache too.
 * @param documents [B,N] int32, of all tokens, those in the cache too
 * @throws shape, dtype: documents of another form
 */
export function sameDocument(documents: Tensor): Mask {
  checkDocuments('sameDocument', documents, 'N');
  return (places) => {
    const of = atPlaces('sameDocument', documents, places);
    return of.query.equal(of.key);
  };
}

function checkDocuments(where: string, documents: Tensor, letter: string): void {
  if (documents.rank === 2 && documents.dtype === 'int32') return;
  throw fail(documents.rank === 2 ? 'dtype' : 'shape', {
    where,
    rule: `documents [B,${letter}] int32, the number of each token's document`,
    got: formatSpec(documents),
  });
}

const common = {
  formula: 'd_i = d_j',
  paper: 'Krell et al. 2021 (packing), section 3.2',
  ...maskCosts,
  causal: 'mask',
  file: 'src/attention/masks/documents.ts',
} as const;

export const documentsForms: readonly FormDeclaration[] = [
  { ...common, name: 'sameDocument', cacheable: true, use: 'Several documents in one row, as many separate sequences.' },
  { ...common, name: 'documentMask', cacheable: false, use: 'The same of the tokens at hand, as a value.' },
];
