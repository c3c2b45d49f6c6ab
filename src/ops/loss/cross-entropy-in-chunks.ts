import { fail } from '../../core/index.js';
import { inChunks } from '../control/in-chunks.js';
import { formatSpec } from '../spec.js';
import type { Tensor } from '../tensor.js';
import { type CrossEntropyOptions, crossEntropy, reduced, rowWeights } from './cross-entropy.js';

export interface CrossEntropyInChunksOptions extends CrossEntropyOptions {
  /** How many rows are scored at a time. */
  readonly chunk: number;
}

/**
 * Cross-entropy over a large vocabulary whose logits are never held at once: rows are scored `chunk` at a time, forward and
 * again backward. Memory chunk·V instead of N·V, for a third more work in the head.
 * @param hidden [N,C], what logits are made of @param targets [N] int32
 * @param scores [n,C] → logits [n,V]
 * @returns as `crossEntropy(scores(hidden), targets, options)`
 * @throws value: a chunk below 1; shape: other targets than rows
 * @example crossEntropyInChunks(hidden, targets, (x) => model.tokens.scores(x), { chunk: 512 })
 */
export function crossEntropyInChunks(
  hidden: Tensor,
  targets: Tensor,
  scores: (rows: Tensor) => Tensor,
  { chunk, ...options }: CrossEntropyInChunksOptions,
): Tensor {
  if (hidden.rank !== 2 || targets.rank !== 1) {
    const got = `${formatSpec(hidden)} and ${formatSpec(targets)}`;
    throw fail('shape', { where: 'crossEntropyInChunks', rule: 'hidden [N,C] and targets [N]', got });
  }
  const losses = inChunks((rows, goals) => crossEntropy(scores(rows as Tensor), goals as Tensor, { ...options, reduction: 'none' }), chunk);
  return reduced(losses(hidden, targets), rowWeights(targets, options, hidden), options.reduction ?? 'mean');
}
