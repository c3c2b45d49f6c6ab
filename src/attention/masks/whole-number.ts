import { fail } from '../../core/index.js';

/**
 * Holds a mask's setting to a whole number that is large enough.
 * @throws value
 */
export function wholeNumber(where: string, name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw fail('value', {
    where,
    rule: `a ${name} that is a whole number, ${least} or more`,
    got: String(value),
  });
}
