import { fail } from '../core/index.js';
import type { TextData, TokenData, TokenSequence } from './data.js';
import { sliceTokens } from './tokens/sequence.js';

export interface SplitOptions {
  /** Share of the tokens, at the end, kept for validation; in (0, 1). Default 0.1. */
  readonly fraction?: number;
  /** The most tokens kept for validation: more make the loss no surer, only slower to know. Default 2¹⁸. */
  readonly mostValidation?: number;
  /** Window length T: each part must hold at least one window and its shifted targets, T + 1 tokens. */
  readonly context: number;
}

/** Both parts of a sequence, read through it. */
export interface SplitSequence {
  readonly train: TokenSequence;
  readonly validation: TokenSequence;
}

/**
 * Cuts a token sequence in two: the last min(floor(n · fraction), mostValidation) tokens are validation, all before them
 * training. The end rather than random windows: a random window shares most of its tokens with its neighbours.
 *
 * @param ids [n] int32, or a sequence
 * @returns views on `ids`, not copies
 * @throws `value` when a part is shorter than context + 1, or an option is out of range
 * @example splitTokens(ids, { context: 64 }).validation.length // floor(ids.length / 10)
 */
export function splitTokens(ids: Int32Array, options: SplitOptions): TextData;
export function splitTokens(ids: TokenSequence, options: SplitOptions): SplitSequence;
export function splitTokens(ids: Int32Array | TokenSequence, options: SplitOptions): TokenData;
export function splitTokens(ids: Int32Array | TokenSequence, options: SplitOptions): TokenData {
  const { fraction = 0.1, mostValidation = 2 ** 18, context } = options;
  const where = (ids instanceof Int32Array ? undefined : ids.where) ?? 'splitTokens';
  if (!(fraction > 0 && fraction < 1)) throw fail('value', { where, rule: 'fraction lies between 0 and 1', got: String(fraction) });
  if (!(Number.isInteger(context) && context >= 1)) {
    throw fail('value', { where, rule: 'context is a whole number of at least 1', got: String(context) });
  }
  if (!(Number.isInteger(mostValidation) && mostValidation > context)) {
    throw fail('value', {
      where,
      rule: `mostValidation is a whole number of at least context + 1 = ${context + 1}`,
      got: String(mostValidation),
    });
  }
  const { length } = ids;
  const validation = Math.min(Math.floor(length * fraction), mostValidation);
  const train = length - validation;
  const shorter = Math.min(train, validation);
  if (shorter < context + 1) {
    const enough = tokensFor(context, fraction);
    const smaller = shorter >= 2 ? `Use a smaller --context (at most ${shorter - 1} here) or more text` : 'Use more text';
    throw fail('value', {
      where,
      rule: `the training and the validation part each need context + 1 = ${context + 1} tokens`,
      got: `${train} for training and ${validation} for validation, of ${length} in all`,
      fix: `${smaller} (at least ${enough} tokens for context ${context})`,
    });
  }
  if (ids instanceof Int32Array) return { train: ids.subarray(0, train), validation: ids.subarray(train) };
  return { train: sliceTokens(ids, 0, train), validation: sliceTokens(ids, train, length) };
}

/** The least n of which both parts hold context + 1 tokens; stepped to from just below, since n · fraction rounds. */
function tokensFor(context: number, fraction: number): number {
  let n = Math.max(Math.floor((context + 1) / fraction), Math.floor(context / (1 - fraction))) - 1;
  while (Math.min(Math.floor(n * fraction), n - Math.floor(n * fraction)) < context + 1) n++;
  return n;
}
