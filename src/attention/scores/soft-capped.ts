import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { tanh } from '../../ops/index.js';
import type { Score } from '../parts.js';

/**
 * s_ij = c · tanh(s′_ij / c): another score, bounded smoothly by ±c; near 0 it is that score (Gemma Team 2024, Gemma 2,
 * section 2; their soft_cap is our c).
 * @throws value: a cap that is not above 0
 */
export function softCapped(score: Score, cap: number): Score {
  if (!(cap > 0 && Number.isFinite(cap))) throw fail('value', { where: 'softCapped', rule: 'a cap above 0', got: String(cap) });
  return (query, key, places) => tanh(score(query, key, places).mul(1 / cap)).mul(cap);
}

export const softCappedForm: FormDeclaration = {
  name: 'softCapped',
  formula: 's_ij = c · tanh(s′_ij / c)',
  paper: 'Gemma Team 2024 (Gemma 2), section 2',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Bounds any score, so that training at low precision stays finite.',
  file: 'src/attention/scores/soft-capped.ts',
};
