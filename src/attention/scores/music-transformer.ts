import { type FormDeclaration, Module, normal } from '../../nn/index.js';
import { Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import type { Places } from '../places.js';
import { type OffsetRange, offsetCount, offsetRange, relativeProducts } from '../relative.js';
import { checkSizes } from '../sizes.js';
import { scaledDotProductScore } from './dot-product.js';
import { checkFit } from './fit.js';

export interface MusicTransformerScoreOptions {
  /** Query heads, H. */
  readonly heads: number;
  /** Width of a head, D. */
  readonly width: number;
  /** Number of distances L with a vector of their own: 0 … L−1. */
  readonly distances: number;
}

/**
 * s_ij = (q_i · k_j + q_i · e_{j−i}) / √D, with a learned vector for each head and each distance back (Huang et al. 2018,
 * "Music Transformer", eq. 3; their E^r, D_h, S^rel are our e, D, the second term).
 *
 * The second term is Skew(Q Eᵀ) (their section 3.4.1): T·L·D work and memory for L·D + T·L numbers, where a vector for each
 * pair would take T·S·D. Distances from L on count as L−1. The table has none for keys ahead, which count as distance 0:
 * use the causal mask.
 * @example new Attention({ score: new MusicTransformerScore({ heads: 8, width: 64, distances: 512 }), mask: causal })
 */
export class MusicTransformerScore extends Module {
  /** e [H,L,D], of offsets −(L−1) … 0 */
  readonly weight: Parameter;
  readonly range: OffsetRange;

  /** @throws value: sizes that are not whole numbers from 1 */
  constructor({ heads, width, distances }: MusicTransformerScoreOptions) {
    super();
    checkSizes('Music Transformer score', { heads, width, distances });
    this.range = offsetRange(distances - 1, 0, 'Music Transformer score');
    this.weight = new Parameter([heads, offsetCount(this.range), width], normal(1 / Math.sqrt(width)));
  }

  /** @param query [B,H,T,D] @param key [B,K,S,D], K divides H @returns [B,H,T,S] @throws shape: other heads or widths */
  forward(query: Tensor, key: Tensor, places: Places): Tensor {
    const [heads, , width] = this.weight.shape as [number, number, number];
    checkFit('Music Transformer score', 'queries', query, { heads, width });
    const related = relativeProducts(query, parameterTensor(this.weight), this.range, places);
    return scaledDotProductScore()(query, key, places).add(related);
  }
}

export const musicTransformerForm: FormDeclaration = {
  name: 'MusicTransformerScore',
  formula: 's_ij = (q_i · k_j + q_i · e_{j−i}) / √D',
  paper: 'Huang et al. 2018 (Music Transformer), eq. 3',
  time: 'T·S·D',
  memory: 'T·S + L·D',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Rhythm and repetition: every distance, up to thousands, has a meaning of its own.',
  file: 'src/attention/scores/music-transformer.ts',
};
