import { describe, expect, test } from 'vitest';
import { ignored, type TokenBatch, type TrainingData } from '#dist/datasets/index.js';
import { train } from '#dist/train/index.js';
import { Bigram, madeData } from './bigram.js';

const vocabulary = 5;
const good = (): TokenBatch => ({ inputs: Int32Array.of(0, 1, 2, 3, 4, 0), targets: Int32Array.of(1, 2, 3, 4, 0, 1) });
const set = (array: Int32Array, at: number, value: number): Int32Array => array.with(at, value);
const withInput = (at: number, id: number): TokenBatch => ({ ...good(), inputs: set(good().inputs, at, id) });
const withTarget = (at: number, id: number): TokenBatch => ({ ...good(), targets: set(good().targets, at, id) });

/** Trains two steps, the second of them on a batch of its own. */
function trainOn(second: TokenBatch, more: Partial<TrainingData> = {}) {
  const data = madeData((index) => (index === 1 ? second : good()), { evaluation: () => [{ ...good(), count: 2, length: 3 }], ...more });
  return train(new Bigram(vocabulary, 3), { data, steps: 2, batch: 2, inThread: true });
}

describe('a batch is looked over before it is run', () => {
  test('and passes where nothing is wrong', async () => {
    expect((await trainOn(good())).step).toBe(2);
    expect((await trainOn(withTarget(4, ignored), { hasIgnored: true })).step).toBe(2);
  });

  test.each([
    [
      'a token beyond the vocabulary',
      withInput(4, 5),
      "inputs from 0 to 4, the model's vocabulary; got 5 at place 1 of row 1. Use the tokenizer that the model is made for.",
    ],
    ['a negative token', withInput(0, -1), "inputs from 0 to 4, the model's vocabulary; got -1 at place 0 of row 0."],
    [
      'a target that would count from the end',
      withTarget(2, -1),
      "targets from 0 to 4, the model's vocabulary; got -1 at place 2 of row 0.",
    ],
    ['ignored targets that the data do not speak of', withTarget(3, ignored), 'got -100 at place 0 of row 1. Say hasIgnored of the data.'],
    ['rows that are too short', { ...good(), inputs: good().inputs.slice(1) }, '6 inputs, 2 rows of 3; got 5.'],
    [
      'arrays that were handed over before',
      { ...good(), targets: new Int32Array(0) },
      '6 targets, 2 rows of 3; got 0. Give every batch arrays of its own: they are handed over.',
    ],
  ])('%s', async (_, batch, message) => {
    await expect(trainOn(batch)).rejects.toThrow(`training batch 1: ${message.startsWith('got') ? '' : message}`);
    await expect(trainOn(batch)).rejects.toThrow(message);
  });

  test('positions beyond the row', async () => {
    const packed = (): TokenBatch => ({ ...good(), documents: new Int32Array(6), positions: Int32Array.of(0, 1, 2, 0, 1, 3) });
    const data = { packed: true, evaluation: () => [{ ...packed(), count: 2, length: 3 }] };
    await expect(trainOn(packed(), { ...data, batches: () => packed })).rejects.toThrow(
      'positions from 0 to 2; got 3 at place 2 of row 1. Count them from 0 in each document.',
    );
  });
});
