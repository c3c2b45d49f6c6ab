import { fail } from '../core/index.js';
import type { NextTokens } from './next-tokens.js';

/**
 * New tokens as the programs take them.
 * @returns [B,T] int32 in one row
 * @throws value: none, not whole rows, an id outside the vocabulary, more tokens than the context
 */
export function checkedIds(ids: ArrayLike<number>, source: Pick<NextTokens, 'vocabulary' | 'context' | 'length'>, batch = 1): Int32Array {
  const where = 'generate';
  if (ids.length === 0 || ids.length % batch !== 0) {
    throw fail('value', {
      where,
      rule: batch === 1 ? 'at least one token' : `as many tokens for each of ${batch} rows`,
      got: `${ids.length}`,
    });
  }
  const total = source.length + ids.length / batch;
  if (total > source.context) {
    throw fail('value', {
      where,
      rule: `at most ${source.context} tokens, the model's context`,
      got: `${total}`,
      fix: 'Shorten the prompt',
    });
  }
  return Int32Array.from(ids, (id, i) => {
    if (!Number.isInteger(id) || id < 0 || id >= source.vocabulary) {
      throw fail('value', {
        where,
        rule: `token ids are whole numbers from 0 to ${source.vocabulary - 1}`,
        got: `${id} at position ${i}`,
        fix: "Use the model's own tokenizer",
      });
    }
    return id;
  });
}
