import { type FormDeclaration, Module, normal } from '../../nn/index.js';
import { Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import type { Places } from '../places.js';
import { type OffsetRange, offsetCount, offsetRange, relativeProducts } from '../relative.js';
import { checkSizes } from '../sizes.js';
import { scaledDotProductScore } from './dot-product.js';
import { checkFit } from './fit.js';

export interface RelativeTableOptions {
  /** Width of a head, D (of values, D′, where it is they that are related). */
  readonly width: number;
  /** Distance k from which on all count as the same. */
  readonly farthest: number;
}

/**
 * s_ij = q_i · (k_j + a_{clip(j−i)}) / √D, with a learned vector for each offset from −k to k (Shaw et al. 2018, eq. 4 and
 * w^K in section 3.2; their d_z is our D). The table is shared by heads. Offsets beyond ±k count as ±k.
 *
 * q_i · a is a product with 2k+1 vectors for each query, then moved to its pairs (their section 3.3): no vector for a pair.
 * `RelativeValues` is the same for values.
 * @example new Attention({ score: new ShawScore({ width: 64, farthest: 16 }), mix: new RelativeValues({ width: 64, farthest: 16 }) })
 */
export class ShawScore extends Module {
  /** a [2k+1,D], of offsets −k … k */
  readonly weight: Parameter;
  readonly range: OffsetRange;

  /** @throws value: a width or a farthest distance that is not a whole number */
  constructor({ width, farthest }: RelativeTableOptions) {
    super();
    checkSizes('Shaw score', { width });
    this.range = offsetRange(farthest, farthest, 'Shaw score');
    this.weight = new Parameter([offsetCount(this.range), width], normal(1 / Math.sqrt(width)));
  }

  /** @param query [B,H,T,D] @param key [B,K,S,D], K divides H @returns [B,H,T,S] @throws shape: another width */
  forward(query: Tensor, key: Tensor, places: Places): Tensor {
    checkFit('Shaw score', 'queries', query, { width: this.weight.shape[1] as number });
    const related = relativeProducts(query, parameterTensor(this.weight), this.range, places);
    return scaledDotProductScore()(query, key, places).add(related);
  }
}

export const shawForm: FormDeclaration = {
  name: 'ShawScore',
  formula: 's_ij = q_i · (k_j + a_clip(j−i)) / √D',
  paper: 'Shaw et al. 2018, eq. 4',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Content that asks for a distance: translation, images, graphs of a few relations.',
  file: 'src/attention/scores/shaw.ts',
};
