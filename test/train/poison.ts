import type { TrainingData } from '#dist/datasets/index.js';
import { tap } from '#dist/ops/index.js';
import { type Loss, nextTokenLoss } from '#dist/train/index.js';
import { madeData, scattered } from './bigram.js';

/** The token that breaks `poisonedLoss`. */
export const marker = 0;

/** The usual loss, and at the site `poison` infinity where the batch holds the marker. */
export const poisonedLoss: Loss = (model, batch) => {
  const marks = batch.inputs.equal(marker).cast('float32').sum();
  return nextTokenLoss(model, batch).add(tap('poison', marks.mul(1e38).mul(1e38)));
};

/** Training data with the marker in some batches only. */
export function markedData(vocabulary: number, bad: readonly number[] | ((index: number) => boolean), drawn: number[] = []): TrainingData {
  const isBad = typeof bad === 'function' ? bad : (index: number): boolean => bad.includes(index);
  return madeData((index, rows, length) => {
    drawn.push(index);
    const inputs = scattered(vocabulary - 1, 2 * index, rows * length).map((id) => id + 1);
    if (isBad(index)) inputs[length >> 1] = marker;
    return { inputs, targets: scattered(vocabulary, 2 * index + 1, rows * length) };
  });
}
