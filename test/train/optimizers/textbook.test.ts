import { describe, expect, test } from 'vitest';
import { adafactor, adamW, lion, muon, type Optimizer } from '#dist/train/optimizers/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { gradientAt, initial, type Trained, Trial } from './harness.js';
import { adafactorTextbook, lionTextbook, muonTextbook, type Textbook } from './textbook.js';

/** 100 steps of both; the largest difference of a parameter, relative to its largest value. */
async function apart(optimizer: Optimizer, trained: readonly Trained[], textbook: (p: Trained) => Textbook): Promise<number> {
  const trial = await Trial.start(optimizer, trained);
  await trial.steps(1, 100);
  const differences = trained.map((p, i) => {
    const values = [...initial(p, i)];
    const step = textbook(p);
    for (let t = 1; t <= 100; t++) step(values, [...gradientAt(p, i, t)], t);
    return relativeDifference(trial.parameter(i), values);
  });
  await trial.dispose();
  return Math.max(...differences);
}

const shapes = (...all: number[][]): Trained[] => all.map((shape, i) => ({ name: `blocks.${i}.weight`, shape }));
const usual = shapes([7, 5], [33], [16, 64]);

test.each([
  { settings: {}, within: 1e-6 },
  { settings: { lr: 1e-3, weightDecay: 0.3 }, within: 1e-6 },
  { settings: { lr: 3e-4, betas: [0.95, 0.98] as const }, within: 1e-6 },
  // Powers of two are added without rounding. Other steps, always of one size, are rounded the same way each time: by up
  // to 2⁻²⁵ of the largest parameter, 100 times.
  { settings: { lr: 2 ** -13, weightDecay: 0 }, within: 1e-6 },
  { settings: { weightDecay: 0 }, within: 100 * 2 ** -25 },
])('lion equals the paper in float64 after 100 steps: $settings', async ({ settings, within }) => {
  const optimizer = lion(settings);
  expect(await apart(optimizer, usual, () => lionTextbook(optimizer))).toBeLessThan(within);
});

test.each([
  {},
  { beta1: 0.9, weightDecay: 0.1 },
  { relative: false, lr: 3e-3 },
  { relative: false, lr: 1e-3, clipThreshold: 0.3, decayRate: 0.5, beta1: 0.5 },
])('adafactor %o equals the paper in float64 after 100 steps', async (settings) => {
  const optimizer = adafactor(settings);
  const trained = [...usual, ...shapes([2, 3, 5, 6], [])];
  expect(await apart(optimizer, trained, (p) => adafactorTextbook(optimizer, p.shape))).toBeLessThan(1e-6);
});

describe('muon, its Newton–Schulz run by ONNX Runtime, equals the paper in float64 after 100 steps', () => {
  const matrices = shapes([12, 40], [40, 12], [9, 31]);

  test.each([{}, { nesterov: false, weightDecay: 0.1 }, { momentum: 0.5, steps: 3, lr: 0.05 }])('%o', async (settings) => {
    const optimizer = muon(settings);
    expect(await apart(optimizer, matrices, (p) => muonTextbook(optimizer, p.shape))).toBeLessThan(1e-6);
  });

  test('queries, keys and values each by itself', async () => {
    const optimizer = muon();
    const fused = [{ name: 'blocks.0.attention.qkv.weight', shape: [10, 96] }];
    expect(await apart(optimizer, fused, (p) => muonTextbook(optimizer, p.shape, 3))).toBeLessThan(1e-6);
    // Together would be something else.
    expect(await apart(muon({ parts: {} }), fused, (p) => muonTextbook(optimizer, p.shape, 3))).toBeGreaterThan(1e-2);
  });

  test('what is not a matrix of a block is trained by AdamW, bit for bit', async () => {
    const others = [
      { name: 'blocks.0.norm.weight', shape: [33] },
      { name: 'tokens.weight', shape: [7, 5] },
    ];
    const numbers = { lr: 3e-4, betas: [0.8, 0.95] as const };
    const mixed = await Trial.start(muon({ others: numbers }), [...others, ...shapes([12, 40])]);
    const alone = await Trial.start(adamW(numbers), others);
    await mixed.steps(1, 5);
    await alone.steps(1, 5);
    for (const i of others.keys()) {
      expect(mixed.parameter(i)).toEqual(alone.parameter(i));
      expect(mixed.slots(i)).toEqual(alone.slots(i));
    }
    await mixed.dispose();
  });
});
