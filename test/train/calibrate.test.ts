import { expect, test } from 'vitest';
import { type Dim, HostArray, randomKey } from '#dist/core/index.js';
import type { TrainingData } from '#dist/datasets/index.js';
import { Draws } from '#dist/datasets/tasks/draws.js';
import type { LanguageModel } from '#dist/models/index.js';
import { BatchNorm, Conv, Embedding, Linear, Module } from '#dist/nn/index.js';
import { relu, type Tensor } from '#dist/ops/index.js';
import { adamW, calibrate, Evaluator, parameterReader, train } from '#dist/train/index.js';
import { numbers } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';

class Net extends Module {
  readonly first = new BatchNorm(3);
  readonly conv = new Conv(3, 4, { kernel: [2] });
  readonly second = new BatchNorm(4);

  forward(x: Tensor): Tensor {
    return this.second.forward(relu(this.conv.forward(this.first.forward(x))));
  }
}

/** [B,3,5] */
const batchOf = (name: string, rows: number): HostArray => {
  const values = numbers(name, [rows, 3, 5]).data.map((v) => 2 * v + 1);
  return new HostArray(Float32Array.from(values), [rows, 3, 5], 'float32');
};

/** Mean and variance of each channel over all rows of all batches. */
function statistics(batches: readonly HostArray[]): { mean: number[]; variance: number[] } {
  const of = (c: number): number[] =>
    batches.flatMap(({ data }) => Array.from(data as Float32Array).filter((_, i) => Math.floor(i / 5) % 3 === c));
  const mean = [0, 1, 2].map((c) => of(c).reduce((s, v) => s + v, 0) / of(c).length);
  const variance = [0, 1, 2].map((c) => of(c).reduce((s, v) => s + (v - (mean[c] as number)) ** 2, 0) / of(c).length);
  return { mean, variance };
}

test('the first norm gets mean and variance over all data, batches of different sizes too', async () => {
  const net = new Net();
  const batches = [batchOf('a', 4), batchOf('b', 4), batchOf('c', 2)];
  await calibrate(net, (x) => net.forward(x), batches);
  const want = statistics(batches);
  expect(relativeDifference(net.first.mean.value.data, want.mean)).toBeLessThan(1e-5);
  expect(relativeDifference(net.first.variance.value.data, want.variance)).toBeLessThan(1e-5);
  expect(Array.from(net.second.variance.value.data, Number).every((v) => v > 0 && v !== 1)).toBe(true);
});

/** Which of two symbols a row has more of, by a convolution behind a batch norm's statistics. */
class Classifier extends Module implements LanguageModel {
  readonly vocabulary = 2;
  readonly context = 9;
  readonly tokens = new Embedding(4, 6);
  readonly conv = new Conv(6, 6, { kernel: [3] });
  readonly norm = new BatchNorm(6);
  readonly head = new Linear(6, 2);

  forward(ids: Tensor): Tensor {
    const x = this.norm.forward(this.conv.forward(this.tokens.forward(ids).transpose([0, 2, 1])));
    return this.head.forward(relu(x).mean({ axis: 2 })).reshape([ids.shape[0] as Dim, 1, 2]);
  }
}

function rowsOf(rows: number, index: number): { inputs: Int32Array; targets: Int32Array } {
  const draws = new Draws(randomKey(0, 'calibrate.test', index));
  const inputs = Int32Array.from(draws.many(rows * 9, 4));
  const targets = Int32Array.from({ length: rows }, (_, r) => (inputs.subarray(9 * r, 9 * r + 9).filter((t) => t < 2).length > 4 ? 1 : 0));
  return { inputs, targets };
}

const majority: TrainingData = {
  ...{ size: 1000, packed: false, exactMatch: true, hasIgnored: false, targetsPerRow: 1, inputRange: 4 },
  batches:
    ({ rows }) =>
    (index) =>
      rowsOf(rows, index),
  evaluation: ({ rows, length }) => [{ ...rowsOf(rows, 1_000_000), count: rows, length }],
};

test('training moves none of the kept statistics; measuring them makes what was trained', async () => {
  const model = new Classifier();
  const options = { data: majority, steps: 300, batch: 64, inThread: true, optimizer: adamW({ lr: 1e-2 }) };
  const { trainLoss } = await train(model, options);
  expect(Array.from(model.norm.mean.value.data as Float32Array)).toEqual(new Array(6).fill(0));
  expect(Array.from(model.norm.variance.value.data as Float32Array)).toEqual(new Array(6).fill(1));
  const judged = async (): Promise<number> => {
    const evaluator = new Evaluator(model, majority, {});
    const reader = parameterReader(model);
    const { loss } = await evaluator.evaluate(reader, majority.evaluation(evaluator.shape));
    await reader.dispose();
    return loss;
  };
  const before = await judged();
  const ids = [0, 1, 2].map((i) => new HostArray(rowsOf(64, i).inputs, [64, 9], 'int32'));
  await calibrate(model, (x) => model.forward(x), ids);
  const after = await judged();
  expect(after).toBeLessThan(0.75 * before);
  expect(Math.abs(after - trainLoss)).toBeLessThan(0.1);
});

test('what cannot be', async () => {
  const linear = new Linear(2, 2);
  await expect(calibrate(linear, (x) => linear.forward(x), [])).rejects.toThrow('calibrate: a module with batch norms; got none.');
  const net = new Net();
  await expect(calibrate(net, (x) => net.forward(x), [])).rejects.toThrow(/at least one batch/);
});
