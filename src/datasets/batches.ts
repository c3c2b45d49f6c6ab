import { below, fail, randomKey } from '../core/index.js';
import type { EvaluationBatch, TokenBatch } from './data.js';

export interface RandomWindowsOptions {
  /** [n] int32, n ≥ context + 1 */
  readonly ids: Int32Array;
  readonly context: number;
  readonly batch: number;
  readonly seed: number;
}

/**
 * Batches of windows at random places. Counter-based: a step's batch depends on (seed, step) alone, so that a resumed
 * run reads what the uninterrupted one would have read.
 *
 * Window b of a step starts at floor(u · (n − context)), u uniform in [0, 1) from stream `batch`, index b.
 *
 * @returns step ↦ batch of [batch, context], freshly allocated (it may be transferred to a worker)
 * @throws `value` when the text holds no window of context + 1 tokens, or an option is out of range
 * @example randomWindows({ ids, context: 64, batch: 12, seed: 1 })(0).inputs.length // 768
 */
export function randomWindows({ ids, context, batch, seed }: RandomWindowsOptions): (step: number) => TokenBatch {
  const where = 'randomWindows';
  atLeastOne(where, { context, batch });
  if (ids.length < context + 1) {
    throw fail('value', {
      where,
      rule: `a window needs context + 1 = ${context + 1} tokens`,
      got: String(ids.length),
      fix: 'Use a smaller context or more text',
    });
  }
  return (step) => {
    if (!(Number.isInteger(step) && step >= 0)) {
      throw fail('value', { where, rule: 'step is a whole number of at least 0', got: String(step) });
    }
    const key = randomKey(seed, 'batch', step);
    const inputs = new Int32Array(batch * context);
    const targets = new Int32Array(batch * context);
    for (let b = 0; b < batch; b++) {
      const start = below(key, b, ids.length - context);
      inputs.set(ids.subarray(start, start + context), b * context);
      targets.set(ids.subarray(start + 1, start + 1 + context), b * context);
    }
    return { inputs, targets };
  };
}

/**
 * Windows side by side over all of a text, in order: window k reads tokens [k·T, k·T + T) and predicts the token after
 * each. Every token but the very first is a target exactly once. A last, shorter window is a batch of its own.
 *
 * @param ids [n] int32, n ≥ 2
 * @param context T, tokens per window
 * @param batch windows per yielded batch; the last group of full windows may hold fewer
 * @returns batches whose targets, concatenated, are ids[1…n)
 * @throws `value` when there is nothing to predict, or an option is out of range
 */
export function evaluationWindows(ids: Int32Array, context: number, batch = 1): Iterable<EvaluationBatch> {
  const where = 'evaluationWindows';
  atLeastOne(where, { context, batch });
  if (ids.length < 2) {
    throw fail('value', { where, rule: 'at least 2 tokens: one to read, one to predict', got: String(ids.length), fix: 'Use more text' });
  }
  return { [Symbol.iterator]: () => windows(ids, context, batch) };
}

function* windows(ids: Int32Array, context: number, batch: number): Generator<EvaluationBatch> {
  const predicted = ids.length - 1;
  const full = predicted - (predicted % context);
  // Windows that touch lie in memory as a [count, length] array does: a batch is one slice of the text.
  for (let start = 0; start < full; start += batch * context) {
    yield slice(ids, start, Math.min(start + batch * context, full), context);
  }
  if (full < predicted) yield slice(ids, full, predicted, predicted - full);
}

function slice(ids: Int32Array, start: number, end: number, length: number): EvaluationBatch {
  return { inputs: ids.slice(start, end), targets: ids.slice(start + 1, end + 1), count: (end - start) / length, length };
}

function atLeastOne(where: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw fail('value', { where, rule: `${name} is a whole number of at least 1`, got: String(value) });
    }
  }
}
