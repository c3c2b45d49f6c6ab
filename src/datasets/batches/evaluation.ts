import { fail } from '../../core/index.js';
import type { EvaluationBatch, TokenSequence } from '../data.js';
import { atLeastOne } from './checks.js';

/** Full windows of a row length, and the shorter one that is left. */
interface Windows {
  /** Where each batch begins and ends in the text, and its windows' length. */
  [Symbol.iterator](): Iterator<{ readonly start: number; readonly end: number; readonly length: number }>;
}

/**
 * Windows side by side over all of a text, in order: window k reads tokens [k·T, k·T + T) and predicts the token after
 * each. Every token but the very first is a target exactly once. A last, shorter window is a batch of its own.
 *
 * @param ids [n] int32, n ≥ 2
 * @param context T, tokens per window
 * @param batch windows per yielded batch; the last group of full windows may hold fewer
 * @returns batches whose targets, concatenated, are ids[1…n); to be awaited where the ids are not in memory
 * @throws `value` when there is nothing to predict, or an option is out of range
 */
export function evaluationWindows(ids: Int32Array, context: number, batch?: number): Iterable<EvaluationBatch>;
export function evaluationWindows(ids: TokenSequence, context: number, batch?: number): AsyncIterable<EvaluationBatch>;
export function evaluationWindows(
  ids: Int32Array | TokenSequence,
  context: number,
  batch?: number,
): Iterable<EvaluationBatch> | AsyncIterable<EvaluationBatch>;
export function evaluationWindows(
  ids: Int32Array | TokenSequence,
  context: number,
  batch = 1,
): Iterable<EvaluationBatch> | AsyncIterable<EvaluationBatch> {
  const where = 'evaluationWindows';
  atLeastOne(where, { context, batch });
  if (ids.length < 2) {
    const known = ids instanceof Int32Array ? undefined : ids.where;
    throw fail('value', {
      where: known ?? where,
      rule: 'at least 2 tokens: one to read, one to predict',
      got: String(ids.length),
      fix: 'Use more text',
    });
  }
  const windows = { [Symbol.iterator]: () => spans(ids.length - 1, context, batch) };
  return ids instanceof Int32Array
    ? { [Symbol.iterator]: () => fromMemory(ids, windows) }
    : { [Symbol.asyncIterator]: () => fromSequence(ids, windows) };
}

// Windows that touch lie in memory as a [count, length] array does: a batch is one slice of the text.
function* spans(predicted: number, context: number, batch: number): Generator<{ start: number; end: number; length: number }> {
  const full = predicted - (predicted % context);
  for (let start = 0; start < full; start += batch * context) {
    yield { start, end: Math.min(start + batch * context, full), length: context };
  }
  if (full < predicted) yield { start: full, end: predicted, length: predicted - full };
}

function* fromMemory(ids: Int32Array, windows: Windows): Generator<EvaluationBatch> {
  for (const { start, end, length } of windows) yield batchOf(ids.subarray(start, end + 1), length);
}

async function* fromSequence(tokens: TokenSequence, windows: Windows): AsyncGenerator<EvaluationBatch> {
  for (const { start, end, length } of windows) yield batchOf(await tokens.read(start, end + 1), length);
}

function batchOf(ids: Int32Array, length: number): EvaluationBatch {
  const predicted = ids.length - 1;
  return { inputs: ids.slice(0, predicted), targets: ids.slice(1), count: predicted / length, length };
}
