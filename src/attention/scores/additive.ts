import { type Dim, fail } from '../../core/index.js';
import { type FormDeclaration, Module, normal } from '../../nn/index.js';
import { matmul, Parameter, parameterTensor, type Tensor, tanh } from '../../ops/index.js';
import { repeatHeads } from '../groups.js';
import { checkSizes } from '../sizes.js';
import { checkFit } from './fit.js';

export interface AdditiveScoreOptions {
  /** Query heads, H. */
  readonly heads: number;
  /** Width of a query, D. */
  readonly width: number;
  /** Width of the hidden layer in which they meet, A. */
  readonly hidden: number;
  /** Key heads, K; divides H. H by default. */
  readonly kvHeads?: number;
  /** Width of a key; `width` by default. */
  readonly keyWidth?: number;
}

/**
 * s_ij = v · tanh(W q_i + U k_j): a small network looks at each pair (Bahdanau et al. 2014, appendix A.1.2; their s_{i−1},
 * h_j, W_a, U_a, v_a are our q_i, k_j, W, U, v). Each head has a network of its own.
 *
 * Needs room for every pair's hidden layer, T·S·A numbers a head; queries and keys may differ in width.
 */
export class AdditiveScore extends Module {
  /** W [H,D,A] */
  readonly query: Parameter;
  /** U [K,D,A] */
  readonly key: Parameter;
  /** v [H,A] */
  readonly weight: Parameter;

  /** @throws value: sizes that are not whole numbers from 1; shape: key heads that do not divide the query heads */
  constructor({ heads, width, hidden, kvHeads = heads, keyWidth = width }: AdditiveScoreOptions) {
    super();
    checkSizes('additive score', { heads, width, hidden, kvHeads, keyWidth });
    if (heads % kvHeads !== 0) {
      throw fail('shape', { where: 'additive score', rule: 'key heads that divide the query heads', got: `${kvHeads} for ${heads}` });
    }
    this.query = new Parameter([heads, width, hidden], normal(1 / Math.sqrt(width)));
    this.key = new Parameter([kvHeads, keyWidth, hidden], normal(1 / Math.sqrt(keyWidth)));
    this.weight = new Parameter([heads, hidden], normal(1 / Math.sqrt(hidden)));
  }

  /** @param query [B,H,T,D] @param key [B,K,S,D] @returns [B,H,T,S] @throws shape: other heads or widths */
  forward(query: Tensor, key: Tensor): Tensor {
    const [heads, width, hidden] = this.query.shape as [number, number, number];
    checkFit('additive score', 'queries', query, { heads, width });
    checkFit('additive score', 'keys', key, { heads: this.key.shape[0], width: this.key.shape[1] as number });
    const [batch, , queries] = query.shape as [Dim, Dim, Dim];
    const keys = key.shape[2] as Dim;
    const fromQuery = matmul(query, parameterTensor(this.query)).reshape([batch, heads, queries, 1, hidden]);
    const fromKey = repeatHeads(matmul(key, parameterTensor(this.key)), heads).reshape([batch, heads, 1, keys, hidden]);
    const weight = parameterTensor(this.weight).reshape([heads, 1, hidden, 1]);
    return matmul(tanh(fromQuery.add(fromKey)), weight).reshape([batch, heads, queries, keys]);
  }
}

export const additiveForm: FormDeclaration = {
  name: 'AdditiveScore',
  formula: 's_ij = v · tanh(W q_i + U k_j)',
  paper: 'Bahdanau et al. 2014, appendix A.1.2',
  time: 'T·S·A',
  memory: 'T·S·A',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Queries and keys of different kinds, short sequences: the first attention of translation.',
  file: 'src/attention/scores/additive.ts',
};
