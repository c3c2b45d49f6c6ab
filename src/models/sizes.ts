import { fail } from '../core/index.js';

/** Whether a model's sizes, those that it has, are sizes. @param where the model's name @throws value: one that is not a whole number from 1 */
export function checkSizes(where: string, sizes: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw fail('value', { where, rule: `${name} is a whole number from 1`, got: String(value) });
  }
}
