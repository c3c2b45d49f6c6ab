import { fail } from '../../core/index.js';
import type { TokenSequence } from '../data.js';

/** @throws value: an option that is no whole number of at least 1 */
export function atLeastOne(where: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw fail('value', { where, rule: `${name} is a whole number of at least 1`, got: String(value) });
    }
  }
}

/** @throws value: a sequence that is shorter than a window and its shifted targets */
export function holdsWindow(where: string, tokens: TokenSequence, context: number): void {
  if (tokens.length >= context + 1) return;
  throw fail('value', {
    where: tokens.where ?? where,
    rule: `a window needs context + 1 = ${context + 1} tokens`,
    got: String(tokens.length),
    fix: 'Use a smaller context or more text',
  });
}

/** @throws value: a number of a batch that is none */
export function wholeIndex(where: string, name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw fail('value', { where, rule: `${name} is a whole number of at least 0`, got: String(value) });
}
