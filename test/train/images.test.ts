import { describe, expect, test } from 'vitest';
import { below, host, randomKey } from '#dist/core/index.js';
import { imageData, type LabelledImages, splitImages, type TrainingData } from '#dist/datasets/index.js';
import { ImageRows, ViT } from '#dist/models/index.js';
import { crossEntropy } from '#dist/ops/index.js';
import { adamW, type TrainOptions, train } from '#dist/train/index.js';

/** Lying bars, standing bars and squares, each somewhere in 8 × 8 grey noise. */
function shapes(count: number): LabelledImages {
  const key = randomKey(5, 'shapes');
  const pixels = Uint8Array.from({ length: 64 * count }, (_, i) => below(key, i, 90));
  const labels = Uint8Array.from({ length: count }, (_, n) => n % 3);
  labels.forEach((label, n) => {
    const [width, height] = [
      [6, 1],
      [1, 6],
      [3, 3],
    ][label] as [number, number];
    const draw = (k: number, room: number): number => below(key, 64 * count + 2 * n + k, room);
    const [left, top] = [draw(0, 9 - width), draw(1, 9 - height)];
    for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) pixels[64 * n + 8 * y + x] = 220;
  });
  return { count, width: 8, height: 8, pixels, labels };
}

const data = imageData(splitImages(shapes(900), 300));
const sizes = { image: 8, patch: 2, channels: 1, layers: 2, heads: 2, width: 24, labels: ['lying', 'standing', 'square'], epsilon: 1e-6 };
const make = (): ViT => new ViT({ ...sizes, seed: 2 });
const options: TrainOptions = { data, steps: 3, batch: 30, threads: 1, optimizer: adamW({ lr: 4e-3 }), inThread: true };

describe('a classifier of images', () => {
  test('learns bars from squares: every image kept apart is right', async () => {
    const vit = make();
    const before = (vit.patches.weight.value.data as Float32Array).slice();
    const { exactMatch, valLoss } = await train(new ImageRows(vit), { ...options, steps: 300, inThread: false });
    expect(exactMatch).toBe(1);
    expect(valLoss).toBeLessThan(0.05);
    expect(vit.patches.weight.value.data).not.toEqual(before); // the classifier itself holds what was learned
  });

  test('micro-batches, and a loss of one’s own that is the same, learn the same', async () => {
    const whole = await train(new ImageRows(make()), options);
    const parts = await train(new ImageRows(make()), { ...options, microBatch: 10 });
    expect(parts.valLoss).toBeCloseTo(whole.valLoss, 5);
    const own = await train(new ImageRows(make()), {
      ...options,
      loss: (model, { inputs, targets }) => crossEntropy(model.forward(inputs).reshape([-1, 3]), targets.reshape([-1])),
    });
    expect(own.valLoss).toBeCloseTo(whole.valLoss, 5);
  });

  test('stops and goes on to the same bits', async () => {
    const whole = make();
    await train(new ImageRows(whole), { ...options, steps: 6 });
    const stop = new AbortController();
    const onStep = ({ step }: { step: number }): void => {
      if (step === 2) stop.abort();
    };
    const stopped = await train(new ImageRows(make()), { ...options, steps: 6, signal: stop.signal, onStep });
    expect(stopped.step).toBeGreaterThan(2);
    expect(stopped.step).toBeLessThan(6);
    const resumed = make();
    await train(new ImageRows(resumed), { ...options, steps: 6, resume: stopped.point });
    for (const [name, p] of whole.parameters()) expect(resumed.parameters().get(name)?.value.data, name).toEqual(p.value.data);
  });

  test('its attention’s entropy can be watched, and a fault is named by its site', async () => {
    const { attentionEntropy } = await train(new ImageRows(make()), { ...options, watchAttention: true });
    expect(Object.keys(attentionEntropy ?? {})).toHaveLength(2);
    const broken = make();
    for (const part of ['up', 'down'] as const) {
      const weight = broken.blocks[1]?.mlp[part].weight;
      if (weight !== undefined)
        weight.value = host(
          (weight.value.data as Float32Array).map((x) => x * 1e25),
          { shape: weight.shape },
        );
    }
    await expect(train(new ImageRows(broken), options)).rejects.toThrow(/at classifier\.blocks\.1\.mlp\.output/);
  });
});

const first = { inputs: new Int32Array(30 * 64), targets: new Int32Array(30) };
const only = (batch: { inputs: Int32Array; targets: Int32Array }): TrainingData => ({
  ...data,
  batches: () => () => structuredClone(batch),
});
test.each<[string, TrainingData, RegExp]>([
  [
    'a pixel beyond 255',
    only({ ...first, inputs: first.inputs.with(65, 256) }),
    /inputs from 0 to 255, as the data say.*got 256 at place 1 of row 1/,
  ],
  ['a negative pixel', only({ ...first, inputs: first.inputs.with(0, -1) }), /got -1 at place 0 of row 0/],
  [
    'a label that the model has not',
    only({ ...first, targets: first.targets.with(4, 3) }),
    /targets from 0 to 2.*got 3 at place 0 of row 4/,
  ],
  ['labels for every pixel', only({ ...first, targets: new Int32Array(30 * 64) }), /30 targets, 30 rows of 1; got 1920/],
])('%s is refused', async (_, bad, message) => {
  await expect(train(new ImageRows(make()), { ...options, data: bad })).rejects.toThrow(message);
});
