import { fail } from '../core/index.js';

/** Refuses sizes that are not whole numbers from 1. @throws value */
export function checkSizes(where: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) throw fail('value', { where, rule: `a whole number from 1 as ${name}`, got: String(size) });
  }
}
