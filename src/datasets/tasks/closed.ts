import { randomKey } from '../../core/index.js';
import type { BatchShape, EvaluationBatch, TokenBatch, TrainingData } from '../data.js';
import { Draws } from './draws.js';
import { checkIndex, checkShape, problemRows } from './rows.js';
import type { Problem } from './task.js';

/**
 * A closed set of problems cut in two: those learned from, epoch by epoch, each in a new order, and those kept apart.
 * A batch of as many rows as there are problems, or more, holds each exactly once: the full batch.
 */
export class ClosedData implements TrainingData {
  readonly size: number;
  readonly packed = false;
  readonly exactMatch = true;
  readonly hasIgnored = true;

  /** @param context tokens in a row */
  constructor(
    private readonly task: string,
    private readonly context: number,
    private readonly learned: readonly Problem[],
    private readonly heldOut: readonly Problem[],
  ) {
    this.size = learned.length;
  }

  /** Row r of batch i is place (i · rows + r) mod n of epoch ⌊(i · rows + r) / n⌋. */
  batches(shape: BatchShape, seed: number): (index: number) => TokenBatch {
    checkShape(this.task, shape, this.context);
    const { rows } = shape;
    const count = this.learned.length;
    const order = epochOrders(count, seed);
    return (index) => {
      checkIndex(this.task, index);
      if (rows >= count) return problemRows(this.learned, shape);
      const problems = Array.from({ length: rows }, (_, r) => {
        const row = index * rows + r;
        return this.learned[order(Math.floor(row / count))[row % count] as number] as Problem;
      });
      return problemRows(problems, shape);
    };
  }

  evaluation(shape: BatchShape): Iterable<EvaluationBatch> {
    return this.#inOrder(this.heldOut, shape);
  }

  trainEvaluation(shape: BatchShape): Iterable<EvaluationBatch> {
    return this.#inOrder(this.learned, shape);
  }

  #inOrder(problems: readonly Problem[], shape: BatchShape): Iterable<EvaluationBatch> {
    checkShape(this.task, shape, this.context);
    return { [Symbol.iterator]: () => inBatches(problems, shape) };
  }
}

function* inBatches(problems: readonly Problem[], { rows, length }: BatchShape): Generator<EvaluationBatch> {
  for (let start = 0; start < problems.length; start += rows) {
    const some = problems.slice(start, start + rows);
    yield { ...problemRows(some, { rows: some.length, length }), count: some.length, length };
  }
}

/** The order of each epoch, by (seed, epoch) alone; the last two are kept, since a batch may reach from one to the next. */
function epochOrders(count: number, seed: number): (epoch: number) => Int32Array {
  const kept = new Map<number, Int32Array>();
  return (epoch) => {
    const known = kept.get(epoch);
    if (known !== undefined) return known;
    const order = Int32Array.from({ length: count }, (_, i) => i);
    new Draws(randomKey(seed, 'task.epoch', epoch)).shuffle(order);
    if (kept.size >= 2) kept.delete(Math.min(...kept.keys()));
    kept.set(epoch, order);
    return order;
  };
}
