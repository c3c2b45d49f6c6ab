import { type Dim, fail } from '../../core/index.js';
import { type FormDeclaration, Module, zeros } from '../../nn/index.js';
import { formatSpec, Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import type { Bias } from '../parts.js';
import { distance, type Places } from '../places.js';
import { type OffsetRange, offsetCount, offsetRange, rowsByOffset, toPairs } from '../relative.js';
import { checkSizes } from '../sizes.js';

/**
 * b_ij = f(i − j): any given function of the distance back.
 * @param f distances, int32 [T,S] or [B,1,T,S], positive for keys behind → float that broadcasts to [B,H,T,S]
 * @example distanceBias((d) => cast(d, 'float32').abs().mul(-0.1))
 * @throws dtype: when called, an f whose result is not float
 */
export function distanceBias(f: (distance: Tensor) => Tensor): Bias {
  return (places) => {
    const bias = f(distance(places));
    if (bias.dtype === 'float32' || bias.dtype === 'float64') return bias;
    const fix = bias.dtype === 'bool' ? 'Give a boolean rule as the mask' : "Use cast(distance, 'float32') first";
    throw fail('dtype', { where: 'distanceBias', rule: 'a function to floats', got: formatSpec(bias), fix });
  };
}

export interface LearnedDistanceBiasOptions {
  /** Query heads, H. */
  readonly heads: number;
  /** Distance back from which on all keys count as the same. */
  readonly behind: number;
  /** The same ahead; `behind` by default, 0 for causal attention. */
  readonly ahead?: number;
}

/**
 * b_ij = w_h[clip(j − i)]: a learned number for each head and offset (Raffel et al. 2020, section 2.1, with a bucket for
 * each offset; along one axis what Swin's table is along two). It starts as no bias.
 */
export class LearnedDistanceBias extends Module {
  /** [H,N], of offsets −behind … ahead */
  readonly weight: Parameter;
  readonly range: OffsetRange;

  /** @throws value: sizes that are not whole numbers */
  constructor({ heads, behind, ahead = behind }: LearnedDistanceBiasOptions) {
    super();
    checkSizes('learned distance bias', { heads });
    this.range = offsetRange(behind, ahead, 'learned distance bias');
    this.weight = new Parameter([heads, offsetCount(this.range)], zeros);
  }

  /** @returns [1,H,T,S] or [B,H,T,S] */
  forward(places: Places): Tensor {
    return biasByOffset(parameterTensor(this.weight), this.range, places);
  }
}

/** b_ij = v_h[j − i]. @param values [H,N], of the range's offsets in their order @returns [1,H,T,S] or [B,H,T,S] */
export function biasByOffset(values: Tensor, range: OffsetRange, places: Places): Tensor {
  const [heads, count] = values.shape as [Dim, Dim];
  const rows = rowsByOffset(values.reshape([heads, count, 1]), range, places);
  const each = rows.reshape([1, heads, 1, rows.shape[1] as Dim]);
  return toPairs(each.expand([1, heads, places.query.shape.at(-2) as Dim, rows.shape[1] as Dim]), range, places);
}

const common = {
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  file: 'src/attention/biases/distance-bias.ts',
} as const;

export const distanceBiasForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'distanceBias',
    formula: 'b_ij = f(i − j)',
    paper: 'Press et al. 2022, section 3 (as a family)',
    use: 'A preference by distance that is known beforehand.',
  },
  {
    ...common,
    name: 'LearnedDistanceBias',
    formula: 'b_ij = w_h[clip(j − i)]',
    paper: 'Raffel et al. 2020, section 2.1 (simplified)',
    use: 'A preference by distance that is learned, each distance by itself.',
  },
];
