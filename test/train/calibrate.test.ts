import { expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { BatchNorm, Conv, Linear, Module } from '#dist/nn/index.js';
import { relu, type Tensor } from '#dist/ops/index.js';
import { calibrate } from '#dist/train/index.js';
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

test('what cannot be', async () => {
  const linear = new Linear(2, 2);
  await expect(calibrate(linear, (x) => linear.forward(x), [])).rejects.toThrow('calibrate: a module with batch norms; got none.');
  const net = new Net();
  await expect(calibrate(net, (x) => net.forward(x), [])).rejects.toThrow(/at least one batch/);
});
