import { describe, expect, test } from 'vitest';
import { GPT2 } from '#dist/models/index.js';
import { adamW, sgd, trainingMemory } from '#dist/train/index.js';

const model = new GPT2({ vocabulary: 64, context: 64, layers: 2, heads: 2, width: 64 });
const P = model.parameterCount;
const of = (rows: number, options = {}) => trainingMemory(model, { shape: { rows, length: 64 }, optimizer: adamW(), ...options });
/** What rounding every array up to 64 bytes may add, and the scratch of the largest parameter. */
const slack = 1.06;

describe('trainingMemory', () => {
  test('storage: 16 bytes a parameter with AdamW, 8 with plain SGD, 4 more for sums and for averages each', () => {
    const within = (bytes: number, perParameter: number): void => {
      expect(bytes).toBeGreaterThanOrEqual(perParameter * P);
      expect(bytes).toBeLessThan(slack * perParameter * P + 8 * 64 * 64 * 4);
    };
    within(of(4).storage, 16);
    within(of(4, { optimizer: sgd({ lr: 0.1 }) }).storage, 8);
    within(of(4, { accumulates: true }).storage, 20);
    within(of(4, { accumulates: true, averages: true }).storage, 24);
  });

  test('frozen parameters take 4 bytes each, and no gradient is copied for them', () => {
    const frozen = of(4, { groups: [{ match: 'blocks.*', frozen: true }] });
    const inBlocks = [...model.parameters()].filter(([name]) => name.startsWith('blocks.'));
    const count = inBlocks.reduce((sum, [, p]) => sum + p.value.data.length, 0);
    expect(of(4).storage - frozen.storage).toBeGreaterThan(11.5 * count);
    expect(frozen.gradientCopies).toBeLessThan(4.5 * (P - count));
  });

  test('activations grow with the rows, and hold at least what the backward pass needs of every layer', () => {
    const [four, eight] = [of(4).activations, of(8).activations];
    expect(eight / four).toBeGreaterThan(1.8);
    expect(eight / four).toBeLessThan(2.1);
    // Of each of the 2 layers: pattern and scores [B,H,T,T], hidden values [B,T,4C] before and after the activation.
    expect(four).toBeGreaterThan(2 * 4 * (2 * 2 * 64 * 64 + 2 * 64 * 256) * 4);
    expect(of(4).engine).toBeGreaterThan(2 * four);
    expect(of(4).total).toBe(of(4).storage + of(4).gradientCopies + of(4).engine);
  });

  test('dropout masks lie in the storage', () => {
    const dropping = new GPT2({ vocabulary: 64, context: 64, layers: 2, heads: 2, width: 64, dropout: 0.1 });
    const masks = trainingMemory(dropping, { shape: { rows: 4, length: 64 }, optimizer: adamW() }).storage - of(4).storage;
    // Embedding and two outputs a layer [B,T,C], and a pattern a layer [B,H,T,T].
    expect(masks).toBe(4 * 4 * ((1 + 2 * 2) * 64 * 64 + 2 * 2 * 64 * 64));
  });
});
