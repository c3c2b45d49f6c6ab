import { fail } from '../core/index.js';
import type { TextData } from './data.js';

export interface SplitOptions {
  /** Share of the tokens, at the end, kept for validation; in (0, 1). Default 0.1. */
  readonly fraction?: number;
  /** Window length T: each part must hold at least one window and its shifted targets, T + 1 tokens. */
  readonly context: number;
}

/**
 * Cuts a token sequence in two: the last floor(n · fraction) tokens are validation, all before them training.
 * The end rather than random windows: a random window shares most of its tokens with its neighbours.
 *
 * @param ids [n] int32
 * @returns views on `ids`, not copies
 * @throws `value` when a part is shorter than context + 1, or an option is out of range
 * @example splitTokens(ids, { context: 64 }).validation.length // floor(ids.length / 10)
 */
export function splitTokens(ids: Int32Array, { fraction = 0.1, context }: SplitOptions): TextData {
  const where = 'splitTokens';
  if (!(fraction > 0 && fraction < 1)) throw fail('value', { where, rule: 'fraction lies between 0 and 1', got: String(fraction) });
  if (!(Number.isInteger(context) && context >= 1)) {
    throw fail('value', { where, rule: 'context is a whole number of at least 1', got: String(context) });
  }
  const cut = ids.length - Math.floor(ids.length * fraction);
  const train = ids.subarray(0, cut);
  const validation = ids.subarray(cut);
  const shorter = Math.min(train.length, validation.length);
  if (shorter < context + 1) {
    const enough = tokensFor(context, fraction);
    const smaller = shorter >= 2 ? `Use a smaller --context (at most ${shorter - 1} here) or more text` : 'Use more text';
    throw fail('value', {
      where,
      rule: `the training and the validation part each need context + 1 = ${context + 1} tokens`,
      got: `${train.length} for training and ${validation.length} for validation, of ${ids.length} in all`,
      fix: `${smaller} (at least ${enough} tokens for context ${context})`,
    });
  }
  return { train, validation };
}

/** The least n of which both parts hold context + 1 tokens; stepped to from just below, since n · fraction rounds. */
function tokensFor(context: number, fraction: number): number {
  let n = Math.max(Math.floor((context + 1) / fraction), Math.floor(context / (1 - fraction))) - 1;
  while (Math.min(Math.floor(n * fraction), n - Math.floor(n * fraction)) < context + 1) n++;
  return n;
}
