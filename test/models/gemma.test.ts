import { describe, expect, test } from 'vitest';
import { loadModel, type NameMap, toHf, transposed } from '#dist/checkpoints/index.js';
import { lens } from '#dist/lens/index.js';
import { Gemma, gemma2Names, gemmaNames } from '#dist/models/index.js';
import { fixture, largestDifference } from '../support/arrays.js';
import { expectGradients, expectGreedy, expectSites, referenceOf } from './checkpoint.js';

const folders: readonly (readonly [string, NameMap])[] = [
  ['gemma-tiny', gemmaNames],
  ['gemma2-tiny', gemma2Names],
];

describe.each(folders)('%s, a checkpoint that PyTorch wrote', (name, names) => {
  test('every site is PyTorch’s within 1e-4', async () => {
    const model = await loadModel(fixture(name));
    expect(model).toBeInstanceOf(Gemma);
    await expectSites(model, await referenceOf(`${name}/reference.safetensors`), { layers: 2 });
  });

  test('50 greedy tokens with the cache are PyTorch’s without', async () => {
    await expectGreedy(await loadModel(fixture(name)), await referenceOf(`${name}/reference.safetensors`), 8);
  });

  test('the loss and every gradient are PyTorch’s', async () => {
    await expectGradients(name, await referenceOf(`${name}/reference.safetensors`), (ours, gradient) => {
      const found = toHf(ours, names);
      return { name: found?.name ?? ours, gradient: found?.transpose ? transposed(gradient) : gradient };
    });
  });
});

const sizes = { vocabulary: 11, context: 12, layers: 2, heads: 4, width: 16, hidden: 24 };

test('a new model is Gemma as it starts: norms of weight 0 scale by 1, every other layer has the window', async () => {
  const model = new Gemma({ ...sizes, layers: 3, window: 4, postNorms: true });
  expect(model.config.windowed).toEqual([true, false, true]);
  expect([...(model.parameters().get('norm.weight')?.value.data ?? [])]).toEqual(new Array(16).fill(0));
  const { final_norm: y } = await lens(model).capture([1, 2, 3], 'final_norm');
  const row = Array.from(y?.data.slice(0, 16) ?? [], Number);
  expect(Math.sqrt(row.reduce((s, v) => s + v * v, 0) / 16)).toBeCloseTo(1, 3);
});

test('logits stay below their cap', async () => {
  const capped = new Gemma({ ...sizes, logitCap: 0.01 });
  const free = new Gemma(sizes);
  const logits = async (m: Gemma): Promise<Float32Array> => (await lens(m).capture([1, 2, 3], 'logits')).logits?.data as Float32Array;
  const [bounded, unbounded] = [await logits(capped), await logits(free)];
  expect(Math.max(...bounded.map(Math.abs))).toBeLessThan(0.01);
  const want = unbounded.map((v) => 0.01 * Math.tanh(v / 0.01));
  expect(largestDifference(bounded, want)).toBeLessThan(1e-6);
});

test('what cannot be is refused', () => {
  expect(() => new Gemma({ ...sizes, kvHeads: 3 })).toThrow(/divides the query heads; got 3 for 4/);
  expect(() => new Gemma({ ...sizes, hidden: 0 })).toThrow(/hidden is a whole number from 1; got 0/);
  expect(() => new Gemma({ ...sizes, windowed: [true] })).toThrow(/each of 2 layers; got 1/);
});
