import { type FormDeclaration, Module, normal } from '../../nn/index.js';
import { matmul, Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import { perGroup } from '../groups.js';
import { checkSizes } from '../sizes.js';
import { checkFit } from './fit.js';

export interface BilinearScoreOptions {
  /** Query heads, H. */
  readonly heads: number;
  /** Width of a query, D. */
  readonly width: number;
  /** Width of a key, D_k; `width` by default. */
  readonly keyWidth?: number;
}

/**
 * s_ij = q_i W k_j, a matrix for each query head (Luong et al. 2015, section 3.1, "general"; their h_t, h̄_s, W_a are our q_i, k_j, W).
 * At first scores have variance 1 for queries and keys of variance 1.
 */
export class BilinearScore extends Module {
  /** W [H,D,D_k] */
  readonly weight: Parameter;

  /** @throws value: sizes that are not whole numbers from 1 */
  constructor({ heads, width, keyWidth = width }: BilinearScoreOptions) {
    super();
    checkSizes('bilinear score', { heads, width, keyWidth });
    this.weight = new Parameter([heads, width, keyWidth], normal(1 / Math.sqrt(width * keyWidth)));
  }

  /** @param query [B,H,T,D] @param key [B,K,S,D_k], K divides H @returns [B,H,T,S] @throws shape: other heads or widths */
  forward(query: Tensor, key: Tensor): Tensor {
    const [heads, width, keyWidth] = this.weight.shape as [number, number, number];
    checkFit('bilinear score', 'queries', query, { heads, width });
    checkFit('bilinear score', 'keys', key, { width: keyWidth });
    const turned = matmul(query, parameterTensor(this.weight)); // [B,H,T,D_k]
    return perGroup(turned, key, (rows) => matmul(rows, key, { transposeB: true }));
  }
}

export const bilinearForm: FormDeclaration = {
  name: 'BilinearScore',
  formula: 's_ij = q_i W k_j',
  paper: 'Luong et al. 2015, section 3.1 (general)',
  time: 'T·S·D + T·D²',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Queries and keys that were not projected into one space, or are of different widths.',
  file: 'src/attention/scores/bilinear.ts',
};
