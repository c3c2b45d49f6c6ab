import { describe, expect, test } from 'vitest';
import { gradientReach } from '#dist/lens/index.js';
import { ConvolutionalLanguageModel, GPT2, type LanguageModel, RecurrentLanguageModel } from '#dist/models/index.js';
import { Embedding, Module } from '#dist/nn/index.js';
import { type Tensor, tap } from '#dist/ops/index.js';
import { MeanModel } from '../generate/models.js';

const sizes = { vocabulary: 6, context: 12, width: 8 };

/** logits_t = Σ_d decay^d x_{t−d} W: the norm at distance d is decay^d ‖W‖. */
class Decaying extends Module implements LanguageModel {
  readonly vocabulary = 6;
  readonly context = 12;
  readonly tokens = new Embedding(6, 8);
  readonly head = new Embedding(6, 8);

  forward(ids: Tensor): Tensor {
    const x = tap('embed', this.tokens.forward(ids));
    let sum = x;
    for (let d = 1; d < this.context; d++)
      sum = sum.add(
        x
          .slice([null, [0, this.context - d]])
          .pad([
            [0, 0],
            [d, 0],
            [0, 0],
          ])
          .mul(0.5 ** d),
      );
    return this.head.scores(sum);
  }
}

describe('the reach of gradients', () => {
  test('of a model that is a sum, is what the formula says', async () => {
    const model = new Decaying();
    const reach = await gradientReach(model, { rows: 4000 });
    const norm = Math.sqrt(Array.from(model.head.weight.value.data as Float32Array).reduce((s, w) => s + w * w, 0));
    expect(reach.length).toBe(12);
    // 4,000 normal directions: the estimate of the norm is good to a few hundredths.
    expect(Math.abs((reach[0] as number) / norm - 1)).toBeLessThan(0.05);
    for (const [d, v] of reach.entries()) expect(v / (reach[0] as number)).toBeCloseTo(0.5 ** d, 5);
  });

  test('of a convolution ends where its kernels do', async () => {
    const model = new ConvolutionalLanguageModel({ ...sizes, layers: 1, kernel: 3 });
    const reach = await gradientReach(model);
    expect(model.reach).toBe(5);
    expect(Array.from(reach.subarray(0, 5)).every((v) => v > 0)).toBe(true);
    expect(Array.from(reach.subarray(5)).every((v) => v === 0)).toBe(true);
  });

  test('of an RNN as it starts falls from step to step; attention’s does not', async () => {
    const rnn = await gradientReach(new RecurrentLanguageModel({ ...sizes, layers: 1, cell: 'rnn' }));
    expect((rnn[11] as number) / (rnn[1] as number)).toBeLessThan(0.02);
    const attention = await gradientReach(new GPT2({ ...sizes, layers: 1, heads: 2 }));
    expect((attention[11] as number) / (attention[1] as number)).toBeGreaterThan(0.5);
  });

  test('what cannot be', async () => {
    await expect(gradientReach(new MeanModel())).rejects.toThrow(/gradientReach: a model that taps the embeddings/);
    await expect(gradientReach(new Decaying(), { rows: 0 })).rejects.toThrow(/rows is a whole number from 1; got 0/);
    await expect(gradientReach(new Decaying(), { ids: [[1, 2], [3]] })).rejects.toThrow(/rows of one length.*got 2, 1/);
  });
});
