import { fail } from '../core/index.js';
import type { Initializer } from '../ops/index.js';
import { normal, ones, truncatedNormal, zeros } from './initializers.js';
import { orthogonal } from './orthogonal.js';
import { kaimingNormal, kaimingUniform, xavierNormal, xavierUniform } from './scaled-initializers.js';

/** Initialisers by the names PyTorch gives them; the Gaussian ones deviate by 0.02, as GPT-2's and BERT's do. */
export const initializers = {
  zeros,
  ones,
  normal: normal(0.02),
  trunc_normal: truncatedNormal(0.02),
  xavier_uniform: xavierUniform(),
  xavier_normal: xavierNormal(),
  kaiming_uniform: kaimingUniform(),
  kaiming_normal: kaimingNormal(),
  orthogonal: orthogonal(),
} as const satisfies Readonly<Record<string, Initializer>>;

export type InitializerName = keyof typeof initializers;

/** @throws name: an initialiser we do not know; known ones are listed */
export function initializer(name: string): Initializer {
  if (!Object.hasOwn(initializers, name)) {
    throw fail('name', { where: 'initializer', rule: `one of ${Object.keys(initializers).join(', ')}`, got: JSON.stringify(name) });
  }
  return initializers[name as InitializerName];
}
