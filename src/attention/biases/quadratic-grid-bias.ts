import { type FormDeclaration, filled, Module, normal } from '../../nn/index.js';
import { cast, Parameter, parameterTensor, square, type Tensor } from '../../ops/index.js';
import type { Places } from '../places.js';
import { checkSizes } from '../sizes.js';

export interface QuadraticGridBiasOptions {
  /** Query heads, H. */
  readonly heads: number;
  /** Tokens in a row of the image; token p stands in row ⌊p/columns⌋, column p mod columns. */
  readonly columns: number;
}

/**
 * b_ij = −α_h ‖δ − Δ_h‖², with δ the rows and columns from pixel i to pixel j: each head looks around a place Δ_h beside the
 * query, the more sharply the larger α_h (Cordonnier et al. 2020, section 3.1, "quadratic encoding"). As α → ∞ a head sees
 * one pixel, and k² heads with `PositionOnlyScore` are a k × k convolution (their theorem 1).
 */
export class QuadraticGridBias extends Module {
  /** Δ [H,2]: rows down, columns to the right */
  readonly centre: Parameter;
  /** α [H] */
  readonly sharpness: Parameter;
  readonly columns: number;

  /** @throws value: sizes that are not whole numbers from 1 */
  constructor({ heads, columns }: QuadraticGridBiasOptions) {
    super();
    checkSizes('quadratic grid bias', { heads, columns });
    // As the authors start: places spread around the query, heads that overlap.
    this.centre = new Parameter([heads, 2], normal(2));
    this.sharpness = new Parameter([heads], filled(1));
    this.columns = columns;
  }

  /** @returns [H,T,S] or [B,H,T,S] */
  forward(places: Places): Tensor {
    const [heads] = this.sharpness.shape as [number];
    const centres = parameterTensor(this.centre)
      .split(2, 1)
      .map((c) => c.reshape([heads, 1, 1]));
    const [down, right] = offsets(places, this.columns).map((d, axis) => square(d.sub(centres[axis] as Tensor))) as [Tensor, Tensor];
    return down.add(right).mul(parameterTensor(this.sharpness).reshape([heads, 1, 1]).mul(-1));
  }
}

/** Rows and columns from each query to each key, float32 [T,S] or [B,1,T,S]. */
function offsets({ query, key }: Places, columns: number): readonly [Tensor, Tensor] {
  // Half a pixel keeps the quotient clear of whole numbers, where rounding would matter.
  const rowOf = (p: Tensor): Tensor =>
    cast(
      cast(p, 'float32')
        .add(0.5)
        .mul(1 / columns),
      'int32',
    );
  const columnOf = (p: Tensor): Tensor => p.sub(rowOf(p).mul(columns));
  return [cast(rowOf(key).sub(rowOf(query)), 'float32'), cast(columnOf(key).sub(columnOf(query)), 'float32')];
}

export const quadraticGridForm: FormDeclaration = {
  name: 'QuadraticGridBias',
  formula: 'b_ij = −α_h ‖δ_ij − Δ_h‖²',
  paper: 'Cordonnier et al. 2020, section 3.1',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Images: heads that look at a place beside the pixel, as a convolution does.',
  file: 'src/attention/biases/quadratic-grid-bias.ts',
};
