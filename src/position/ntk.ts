import { fail } from '../core/index.js';
import type { FormDeclaration } from '../nn/index.js';

/**
 * The base of NTK-aware rotary positions: b′ = b · f^(R/(R−2)) (Peng et al. 2023, YaRN, section 3.1, definition 1; their s and
 * |D| are our f and R). The slowest pair turns f times slower, exactly as position interpolation would have it; the fastest
 * is kept, so that near tokens stay apart. The factor is fixed: it does not grow with the text, so caches stay valid.
 * @param base b, as the model was trained @param factor f, how many times longer texts may be @param width R, how many numbers turn; even
 * @throws shape: an odd width, or one of 2, whose only pair is the fastest; value: a base or factor that is not above 0
 * @example new Rotary({ context: 8192, width: 64, base: ntkBase(10000, 4, 64) })
 */
export function ntkBase(base: number, factor: number, width: number): number {
  const where = 'ntkBase';
  if (!Number.isInteger(width) || width < 4 || width % 2 !== 0)
    throw fail('shape', { where, rule: 'an even number of rotated dimensions, at least 4', got: String(width) });
  if (!(base > 0)) throw fail('value', { where, rule: 'a base above 0', got: String(base) });
  if (!(factor > 0)) throw fail('value', { where, rule: 'a factor above 0', got: String(factor) });
  return base * factor ** (width / (width - 2));
}

export const ntkForm: FormDeclaration = {
  name: 'ntkBase',
  formula: 'θ′_i = b′^{−2i/R}, b′ = b · f^{R/(R−2)}',
  paper: 'Peng et al. 2023 (YaRN), section 3.1, definition 1',
  time: 'T·D',
  memory: 'T·D',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Longer texts from a trained model without training: only the base changes.',
  file: 'src/position/ntk.ts',
};
