import { type Dim, equalShapes, fail, HostArray, type Shape } from '../core/index.js';
import type { FormDeclaration } from '../nn/index.js';
import { cast, concat, constant, cos, formatSpec, iota, sin, type Tensor } from '../ops/index.js';
import { geometricFrequencies } from './frequencies.js';
import type { Rotation } from './rotary.js';

/** Rows and columns of the places in a grid. */
export interface GridPlaces {
  /** [P], or [B,P] where each image has its own; int32. */
  readonly rows: Tensor;
  /** As `rows`. */
  readonly columns: Tensor;
}

/** The places of a grid's cells, row by row, as images are cut into patches. @returns [rows · columns] each, int32 */
export function gridPlaces(rows: number, columns: number): GridPlaces {
  const count = rows * columns;
  return {
    rows: iota(rows).reshape([rows, 1]).expand([rows, columns]).reshape([count]),
    columns: iota(columns).reshape([1, columns]).expand([rows, columns]).reshape([count]),
  };
}

/**
 * Rotary positions in two dimensions: half of the pairs turn by the row, half by the column, each half with the frequencies
 * θ_i = base^(−4i/R), i = 0 … R/4 − 1 (Heo et al. 2024, "Rotary Position Embedding for Vision Transformer", section 3.2,
 * axial frequencies; their d_head is our R). Scores depend on the distances in rows and in columns only, and a place (0, 0)
 * does not turn: a class token may stand there. Pairs are halves of what turns, as in `Rotary`, rows' before columns'
 * (Wang et al. 2024, Qwen2-VL, has this order).
 */
export class AxialRotary {
  readonly #radians: Tensor;
  readonly #quarter: number;

  /**
   * @param options.width R, how many numbers of a head turn; a multiple of 4
   * @param options.base 10000 by default; Heo et al. take 100, as images are few patches wide
   * @throws shape: a width that is not a multiple of 4; value: a base that is not above 0
   */
  constructor({ width, base = 10000 }: { readonly width: number; readonly base?: number }) {
    const where = 'axial rotary positions';
    if (!Number.isInteger(width) || width < 4 || width % 4 !== 0) {
      throw fail('shape', {
        where,
        rule: 'a number of rotated dimensions that is a multiple of 4, pairs for rows and pairs for columns',
        got: String(width),
      });
    }
    if (!(base > 0)) throw fail('value', { where, rule: 'a base above 0', got: String(base) });
    this.#quarter = width / 4;
    this.#radians = constant(new HostArray(Float32Array.from(geometricFrequencies(width / 2, base)), [this.#quarter], 'float32'));
  }

  /**
   * The rotation of each place.
   * @returns cosines and sines [P,R/2], or [B,1,P,R/2] where each image has its own places
   * @throws shape, dtype: rows and columns that are not int32 of one shape, [P] or [B,P]
   */
  at({ rows, columns }: GridPlaces): Rotation {
    const fits = equalShapes(rows.shape, columns.shape) && (rows.rank === 1 || rows.rank === 2);
    if (!fits || rows.dtype !== 'int32' || columns.dtype !== 'int32') {
      throw fail(fits ? 'dtype' : 'shape', {
        where: 'axial rotary positions',
        rule: 'rows and columns of one shape, [P] or [B,P], int32',
        got: `${formatSpec(rows)} and ${formatSpec(columns)}`,
      });
    }
    const places = rows.shape.at(-1) as Dim;
    const column: Shape = rows.rank === 1 ? [places, 1] : [rows.shape[0] as Dim, 1, places, 1];
    const angle = (place: Tensor): Tensor => cast(place.reshape(column), 'float32').mul(this.#radians);
    const angles = concat([angle(rows), angle(columns)], -1);
    return { cos: cos(angles), sin: sin(angles) };
  }
}

export const axialRotaryForm: FormDeclaration = {
  name: 'AxialRotary',
  formula: 'half of the pairs turned by row·θ_i, half by column·θ_i, θ_i = base^{−4i/R}',
  paper: 'Heo et al. 2024 (RoPE for ViT), section 3.2',
  time: 'P·D',
  memory: 'P·D',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Images: scores depend on distances in rows and columns, for any size of image.',
  file: 'src/position/axial-rotary.ts',
};
