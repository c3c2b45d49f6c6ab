import { HostArray } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { abs, cast, constant } from '../../ops/index.js';
import type { Bias } from '../parts.js';
import { checkSizes } from '../sizes.js';
import { distanceBias } from './distance-bias.js';

/**
 * Attention with linear biases: b_ij = −m_h |i − j|, nothing to learn (Press et al. 2022, "ALiBi", section 3). Keys behind
 * have the paper's bias; the paper is causal, keys ahead get the same by symmetry. Texts may be longer than those learned from.
 * @example new Attention({ bias: alibi(12), mask: causal })
 * @param heads H, slopes as `alibiSlopes`
 * @throws value: a number of heads that is not whole, or below 1
 */
export function alibi(heads: number): Bias {
  const slopes = Float32Array.from(alibiSlopes(heads), (m) => -m);
  const falling = constant(new HostArray(slopes, [heads, 1, 1], 'float32'));
  return distanceBias((distance) => abs(cast(distance, 'float32')).mul(falling));
}

/**
 * The slopes m_h: 2^(−8h/H) for h = 1 … H where H is a power of two. For other H, as the authors' code has it, those of the
 * largest power of two n below, then every other slope of 2n, from the first, for the remaining heads.
 * @throws value: a number of heads that is not whole, or below 1
 */
export function alibiSlopes(heads: number): number[] {
  checkSizes('alibi', { heads });
  const geometric = (n: number): number[] => Array.from({ length: n }, (_, h) => 2 ** ((-8 * (h + 1)) / n));
  const n = 2 ** Math.floor(Math.log2(heads));
  const between = geometric(2 * n).filter((_, h) => h % 2 === 0);
  return [...geometric(n), ...between].slice(0, heads);
}

export const alibiForm: FormDeclaration = {
  name: 'alibi',
  formula: 'b_ij = −m_h |i − j|, m_h = 2^(−8h/H)',
  paper: 'Press et al. 2022 (ALiBi), section 3',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Texts longer than those learned from, with no positions to learn (BLOOM, MPT).',
  file: 'src/attention/biases/alibi.ts',
};
