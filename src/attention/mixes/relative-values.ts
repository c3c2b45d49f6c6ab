import { fail } from '../../core/index.js';
import { type FormDeclaration, Module, normal } from '../../nn/index.js';
import { formatSpec, matmul, Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import type { Places } from '../places.js';
import { type OffsetRange, offsetCount, offsetRange, rowsByOffset, toOffsets } from '../relative.js';
import type { RelativeTableOptions } from '../scores/shaw.js';
import { checkSizes } from '../sizes.js';
import { weightedSum } from './weighted-sum.js';

/**
 * o_i = Σ_j w_ij (v_j + a_{clip(j−i)}), with a learned vector for each offset from −k to k (Shaw et al. 2018, eq. 3 and w^V
 * in section 3.2). The table is shared by heads. Offsets beyond ±k count as ±k.
 *
 * Weights are summed by offset before they meet the table: 2k+1 products a query, no vector for a pair.
 */
export class RelativeValues extends Module {
  /** a [2k+1,D′], of offsets −k … k */
  readonly weight: Parameter;
  readonly range: OffsetRange;

  /** @throws value: a width or a farthest distance that is not a whole number */
  constructor({ width, farthest }: RelativeTableOptions) {
    super();
    checkSizes('relative values', { width });
    this.range = offsetRange(farthest, farthest, 'relative values');
    this.weight = new Parameter([offsetCount(this.range), width], normal(1 / Math.sqrt(width)));
  }

  /** @param weights [B,H,T,S] @param value [B,K,S,D′], K divides H @returns [B,H,T,D′] @throws shape: another width */
  forward(weights: Tensor, value: Tensor, places: Places): Tensor {
    const width = this.weight.shape[1] as number;
    if (value.shape[3] !== width) {
      const rule = `values of width ${width}, as the table`;
      throw fail('shape', { where: 'relative values', rule, got: formatSpec(value) });
    }
    const rows = rowsByOffset(parameterTensor(this.weight), this.range, places);
    return weightedSum(weights, value, places).add(matmul(toOffsets(weights, this.range, places), rows));
  }
}

export const relativeValuesForm: FormDeclaration = {
  name: 'RelativeValues',
  formula: 'o_i = Σ_j w_ij (v_j + a_clip(j−i))',
  paper: 'Shaw et al. 2018, eq. 3',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Beside ShawScore: what is gathered tells from how far it came.',
  file: 'src/attention/mixes/relative-values.ts',
};
