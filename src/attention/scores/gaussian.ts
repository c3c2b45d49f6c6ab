import { type Dim, fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { matmul, square, type Tensor } from '../../ops/index.js';
import { perGroup, repeatHeads } from '../groups.js';
import type { Score } from '../parts.js';

export interface GaussianScoreOptions {
  /** Distance σ of queries and keys at which a weight is e^{-1/2} of the largest; D^{1/4} by default. */
  readonly deviation?: number | undefined;
}

/**
 * s_ij = −‖q_i − k_j‖² / 2σ²: by softmax, weights are a Gaussian kernel's, and attention is Nadaraya–Watson regression
 * (Watson 1964; Tsai et al. 2019, section 3.2, "RBF"). Multiplied out it is (q_i · k_j − ‖q_i‖²/2 − ‖k_j‖²/2) / σ²: with
 * σ² = √D, the scaled dot product that does not favour long keys.
 * @throws value: a deviation that is not above 0
 */
export function gaussianScore({ deviation }: GaussianScoreOptions = {}): Score {
  if (deviation !== undefined && !(deviation > 0)) {
    throw fail('value', { where: 'gaussianScore', rule: 'a deviation above 0', got: String(deviation) });
  }
  return (query, key): Tensor => {
    const [heads, width] = [query.shape[1] as number, query.shape[3] as number];
    const scale = deviation === undefined ? 1 / Math.sqrt(width) : 1 / deviation ** 2;
    const products = perGroup(query, key, (rows) => matmul(rows, key, { transposeB: true, scale }));
    const half = (x: Tensor): Tensor =>
      square(x)
        .sum({ axis: -1, keep: true })
        .mul(scale / 2);
    const keys = repeatHeads(half(key), heads); // [B,H,S,1]
    const row = keys.reshape([keys.shape[0] as Dim, heads, 1, keys.shape[2] as Dim]);
    return products.sub(half(query)).sub(row);
  };
}

export const gaussianForm: FormDeclaration = {
  name: 'gaussianScore',
  formula: 's_ij = −‖q_i − k_j‖² / 2σ²',
  paper: 'Watson 1964; Tsai et al. 2019, section 3.2',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Nearness rather than direction: kernel regression, retrieval of the nearest.',
  file: 'src/attention/scores/gaussian.ts',
};
