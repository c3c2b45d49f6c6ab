import { fail } from '../core/index.js';

/** Whether a model's sizes are sizes. @param where the model's name @throws value: one that is not a whole number from 1 */
export function checkSizes(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isInteger(value) || value < 1) throw fail('value', { where, rule: `${name} is a whole number from 1`, got: String(value) });
  }
}
