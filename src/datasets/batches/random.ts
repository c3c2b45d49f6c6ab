import { below, type RandomKey, randomBits, randomKey } from '../../core/index.js';
import type { TokenBatch, TokenSequence } from '../data.js';
import { asSequence } from '../tokens/sequence.js';
import { atLeastOne, holdsWindow, wholeIndex } from './checks.js';
import { rowsAt } from './rows.js';

export interface RandomWindowsOptions<Ids = Int32Array> {
  /** [n] token ids, n ≥ context + 1 */
  readonly ids: Ids;
  readonly context: number;
  readonly batch: number;
  readonly seed: number;
}

/** From here on, 32 random bits are too few to choose a place by. */
const manyTokens = 2 ** 30;

/**
 * Batches of windows at random places. Counter-based: a step's batch depends on (seed, step) alone, so that a resumed
 * run reads what the uninterrupted one would have read.
 *
 * Window b of a step starts at floor(u · (n − context)), u uniform in [0, 1) from stream `batch`, index b.
 *
 * @returns step ↦ batch of [batch, context], freshly allocated (it may be transferred to a worker); a promise of it where
 * the ids are not in memory
 * @throws `value` when the text holds no window of context + 1 tokens, or an option is out of range
 * @example randomWindows({ ids, context: 64, batch: 12, seed: 1 })(0).inputs.length // 768
 */
export function randomWindows(options: RandomWindowsOptions): (step: number) => TokenBatch;
export function randomWindows(
  options: RandomWindowsOptions<Int32Array | TokenSequence>,
): (step: number) => TokenBatch | Promise<TokenBatch>;
export function randomWindows(
  options: RandomWindowsOptions<Int32Array | TokenSequence>,
): (step: number) => TokenBatch | Promise<TokenBatch> {
  const where = 'randomWindows';
  const { ids, context, batch, seed } = options;
  const tokens = asSequence(ids);
  atLeastOne(where, { context, batch });
  holdsWindow(where, tokens, context);
  return (step) => {
    wholeIndex(where, 'step', step);
    const key = randomKey(seed, 'batch', step);
    const starts = Array.from({ length: batch }, (_, b) => placeOf(key, b, tokens.length - context));
    return rowsAt(tokens, starts, context);
  };
}

function placeOf(key: RandomKey, index: number, places: number): number {
  if (places < manyTokens) return below(key, index, places);
  // 53 bits: a second word from far behind the first words of any batch.
  const low = randomBits(key, index + 2 ** 31) >>> 11;
  return Math.floor(((randomBits(key, index) * 2 ** 21 + low) / 2 ** 53) * places);
}
