import { fail } from '../core/index.js';

/** @throws `tokenizer` for an id that is no whole number from 0 to `size` − 1 */
export function checkId(id: number, size: number): void {
  if (Number.isInteger(id) && id >= 0 && id < size) return;
  throw fail('tokenizer', {
    where: 'decode',
    rule: `an id of the vocabulary, from 0 to ${size - 1}`,
    got: String(id),
    fix: 'Use the tokenizer that belongs to the model',
  });
}
