import { fail } from '../../core/index.js';

/** @throws value: a size that is not a whole number from 1 */
export function checkWhole(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) throw fail('value', { where, rule: `${name}: a whole number from 1`, got: String(size) });
  }
}
