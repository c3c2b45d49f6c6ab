import { fail } from '../../core/index.js';
import { type BatchShape, ignored, type TokenBatch } from '../data.js';
import type { Problem } from './task.js';

/** The tokens of a row as a model reads it: the answer's last token is only predicted. */
export function contextOf({ question, answer }: { readonly question: number; readonly answer: number }): number {
  return question + answer - 1;
}

/**
 * Problems as rows [question, answer] for next-token prediction. A target counts where it is a token of the answer.
 * Rows end with padding whose targets are ignored; causal attention keeps it from the tokens before. Where there are
 * fewer problems than rows, the last rows are all padding.
 *
 * @param problems at most `rows`, each of at most length + 1 tokens
 * @returns arrays [rows, length]
 */
export function problemRows(problems: readonly Problem[], { rows, length }: BatchShape): TokenBatch {
  const inputs = new Int32Array(rows * length);
  const targets = new Int32Array(rows * length).fill(ignored);
  problems.forEach(({ question, answer }, row) => {
    const start = row * length;
    inputs.set(question, start);
    inputs.set(answer.slice(0, -1), start + question.length);
    targets.set(answer, start + question.length - 1);
  });
  return { inputs, targets };
}

/** @throws value: rows too short for the task's questions and answers, or none */
export function checkShape(task: string, { rows, length }: BatchShape, context: number): void {
  if (!(Number.isInteger(rows) && rows >= 1)) {
    throw fail('value', { where: `task ${task}`, rule: 'at least one row in a batch', got: String(rows) });
  }
  if (!(Number.isInteger(length) && length >= context)) {
    throw fail('value', {
      where: `task ${task}`,
      rule: `rows of at least ${context} tokens, which its longest question and answer take`,
      got: String(length),
      fix: `Use --context ${context}, or shorter questions`,
    });
  }
}

/** @throws value: a batch's number that is no whole number from 0 */
export function checkIndex(task: string, index: number): void {
  if (Number.isInteger(index) && index >= 0) return;
  throw fail('value', { where: `task ${task}`, rule: 'an index is a whole number of at least 0', got: String(index) });
}
