import { type Dim, fail, HostArray } from '../core/index.js';
import { type FormDeclaration, Module } from '../nn/index.js';
import { cast, constant, cos, sin, stack, type Tensor } from '../ops/index.js';
import { geometricFrequencies } from './frequencies.js';
import { tokenPositions } from './token-positions.js';

/**
 * Sinusoidal absolute positions: PE(p, 2i) = sin(p·θ_i), PE(p, 2i+1) = cos(p·θ_i), θ_i = 10000^(−2i/C) (Vaswani et al. 2017,
 * section 3.5; their pos and d_model are our p and C). Sines and cosines are neighbours. For every k, PE(p + k) is one linear
 * map of PE(p), a rotation of each pair, so distances are easy to learn. Nothing is learned, and any length will do: angles
 * are computed where they are needed, in float32, so that they are good to about p · 6·10⁻⁸ radians.
 */
export class SinusoidalPositions extends Module {
  readonly width: number;
  readonly #radians: Tensor;

  /** @throws shape: an odd width; value: a base that is not above 0 */
  constructor(width: number, options: { readonly base?: number } = {}) {
    super();
    const { base = 10000 } = options;
    if (!Number.isInteger(width) || width < 2 || width % 2 !== 0) {
      throw fail('shape', { where: 'sinusoidal positions', rule: 'an even width: sines and cosines come in pairs', got: String(width) });
    }
    if (!(base > 0)) throw fail('value', { where: 'sinusoidal positions', rule: 'a base above 0', got: String(base) });
    this.width = width;
    this.#radians = constant(new HostArray(Float32Array.from(geometricFrequencies(width, base)), [width / 2], 'float32'));
  }

  /**
   * Vectors of the positions of x.
   * @param x [B,T,…], only its first two sizes count
   * @param position int32: [1], the position of x's first token, the others following it; or [B,T], each token's own.
   * 0, 1, 2, … by default
   * @returns [T,C], or [B,T,C] where each token has its own
   * @throws shape: positions of another shape; dtype: positions that are not int32
   */
  forward(x: Tensor, position?: Tensor): Tensor {
    const { positions } = tokenPositions(x, position);
    const sizes = positions.shape as readonly Dim[];
    const angles = cast(positions.reshape([...sizes, 1]), 'float32').mul(this.#radians); // [T,C/2] or [B,T,C/2]
    return stack([sin(angles), cos(angles)], -1).reshape([...sizes, this.width]);
  }
}

export const sinusoidalPositionsForm: FormDeclaration = {
  name: 'SinusoidalPositions',
  formula: 'x_p + (sin pθ_0, cos pθ_0, sin pθ_1, …), θ_i = 10000^{−2i/C}',
  paper: 'Vaswani et al. 2017, section 3.5',
  time: 'T·C',
  memory: 'T·C',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Absolute positions of any length, with nothing to learn.',
  file: 'src/position/sinusoidal.ts',
};
