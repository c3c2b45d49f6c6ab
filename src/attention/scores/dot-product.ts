import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { matmul } from '../../ops/index.js';
import { perGroup } from '../groups.js';
import type { Score } from '../parts.js';
import { softCapped } from './soft-capped.js';

export interface DotProductOptions {
  /** Factor of the products; 1/√D by default. */
  readonly scale?: number | undefined;
  /** Bounds scores smoothly, as `softCapped`. */
  readonly softCap?: number | undefined;
}

/** s_ij = q_i · k_j / √D (Vaswani et al. 2017, eq. 1; their d_k is our D): without the factor, scores grow as √D and softmax saturates. @throws value: a scale that is no finite number, a cap that is not above 0 */
export function scaledDotProductScore({ scale, softCap }: DotProductOptions = {}): Score {
  if (scale !== undefined && !Number.isFinite(scale))
    throw fail('value', { where: 'scaledDotProductScore', rule: 'a scale that is a finite number', got: String(scale) });
  const product: Score = (query, key) => {
    const factor = scale ?? 1 / Math.sqrt(query.shape[3] as number);
    return perGroup(query, key, (rows) => matmul(rows, key, { transposeB: true, scale: factor }));
  };
  return softCap === undefined ? product : softCapped(product, softCap);
}

/** s_ij = q_i · k_j (Luong et al. 2015, section 3.1, "dot"). */
export function dotProductScore(): Score {
  return scaledDotProductScore({ scale: 1 });
}

const common = {
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  file: 'src/attention/scores/dot-product.ts',
} as const;

export const dotProductForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'dotProductScore',
    formula: 's_ij = q_i · k_j',
    paper: 'Luong et al. 2015, section 3.1 (dot)',
    use: 'The plainest score; saturates softmax at large widths.',
  },
  {
    ...common,
    name: 'scaledDotProductScore',
    formula: 's_ij = q_i · k_j / √D',
    paper: 'Vaswani et al. 2017, eq. 1',
    use: 'The usual choice: scores of variance 1 for queries and keys of variance 1.',
  },
];
