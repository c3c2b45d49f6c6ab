import { type Dim, fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { formatSpec, type Tensor } from '../../ops/index.js';

/**
 * The mask of rows that hold several documents: query i may attend to key j when both belong to the same one, so that a
 * packed row is as many separate sequences. Every query may attend to itself.
 * @param documents [B,T] int32: each token's document, any numbers; they need not rise
 * @returns [B,1,T,T] bool, true = attend, the same for every head
 * @throws shape, dtype: documents of another form
 */
export function documentMask(documents: Tensor): Tensor {
  if (documents.rank !== 2 || documents.dtype !== 'int32') {
    throw fail(documents.rank === 2 ? 'dtype' : 'shape', {
      where: 'documentMask',
      rule: "documents [B,T] int32, the number of each token's document",
      got: formatSpec(documents),
    });
  }
  const [batch, length] = documents.shape as [Dim, Dim];
  return documents.reshape([batch, 1, length, 1]).equal(documents.reshape([batch, 1, 1, length]));
}

export const documentsForm: FormDeclaration = {
  name: 'documentMask',
  formula: 'd_i = d_j',
  paper: 'Krell et al. 2021 (packing), section 3.2',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: false,
  use: 'Several documents in one row, as many separate sequences.',
  file: 'src/attention/masks/documents.ts',
};
