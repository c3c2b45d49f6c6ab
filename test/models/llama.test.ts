import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadModel, readSafetensors, toHf, transposed } from '#dist/checkpoints/index.js';
import { HeadlightError } from '#dist/core/index.js';
import { generateAll } from '#dist/generate/index.js';
import { lens } from '#dist/lens/index.js';
import { Llama, llamaNames } from '#dist/models/index.js';
import { input } from '#dist/ops/index.js';
import { loadTokenizer } from '#dist/tokenizers/index.js';
import { fixture, largestDifference } from '../support/arrays.js';
import { shared } from '../tokenizers/shared.js';
import { expectGradients, expectGreedy, expectSites, referenceOf } from './checkpoint.js';

const folders = ['llama-tiny', 'mistral-tiny', 'qwen2-tiny', 'qwen3-tiny'];

describe.each(folders)('%s, a checkpoint that PyTorch wrote', (name) => {
  test('every site is PyTorch’s within 1e-4', async () => {
    const model = await loadModel(fixture(name));
    expect(model).toBeInstanceOf(Llama);
    await expectSites(model, await referenceOf(`${name}/reference.safetensors`), { layers: 2 });
  });

  test('50 greedy tokens with the cache are PyTorch’s without', async () => {
    await expectGreedy(await loadModel(fixture(name)), await referenceOf(`${name}/reference.safetensors`), 8);
  });

  test('the loss and every gradient are PyTorch’s', async () => {
    await expectGradients(name, await referenceOf(`${name}/reference.safetensors`), (ours, gradient) => {
      const found = toHf(ours, llamaNames);
      return { name: found?.name ?? ours, gradient: found?.transpose ? transposed(gradient) : gradient };
    });
  });
});

const stories = shared('models/stories260k');
describe.skipIf(stories === undefined)('stories260k, a trained model', () => {
  const folder = stories ?? '';

  test('every site is PyTorch’s within 1e-4; the embedding is the file’s', async () => {
    const reference = await referenceOf('stories260k.safetensors');
    const model = await loadModel(folder);
    const without = ['embed', 'blocks.0.residual.pre'];
    await expectSites(model, reference, { layers: 5, without });
    const file = await readSafetensors(join(folder, 'model.safetensors'));
    const table = await file.load('model.embed_tokens.weight');
    await file.close();
    const ids = Array.from(reference.get('ids')?.data ?? [], Number);
    const seen = await lens(model).capture([ids], 'embed,blocks.0.residual.pre');
    const want = ids.flatMap((id) => Array.from(table.data.slice(id * 64, (id + 1) * 64), Number));
    for (const site of without) expect(largestDifference(seen[site]?.data, want), site).toBe(0);
  });

  test('100 greedy ids are PyTorch’s', async () => {
    await expectGreedy(await loadModel(folder), await referenceOf('stories260k.safetensors'), 5);
  });

  test('it tells the published story', async () => {
    const tokenizer = await loadTokenizer(folder);
    const prompt = tokenizer?.encode('Once upon a time') ?? [];
    const { ids } = await generateAll(await loadModel(folder), prompt, { maxNewTokens: 60, temperature: 0 });
    expect(tokenizer?.decode(ids)).toContain(
      'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.',
    );
  });
});

const sizes = { vocabulary: 11, context: 12, layers: 2, heads: 4, kvHeads: 2, width: 16, seed: 3 };

test('causality: later tokens change nothing earlier', async () => {
  const model = new Llama(sizes);
  const one = await lens(model).capture([1, 2, 3, 4, 5, 6], 'logits');
  const two = await lens(model).capture([1, 2, 3, 4, 9, 0], 'logits');
  const upTo = 4 * 11;
  expect([...(one.logits?.data.slice(0, upTo) ?? [])]).toEqual([...(two.logits?.data.slice(0, upTo) ?? [])]);
  expect(largestDifference(one.logits?.data.slice(upTo), two.logits?.data.slice(upTo))).toBeGreaterThan(1e-4);
});

test('a window in every layer: what lies further back than its layers reach changes nothing', async () => {
  const model = new Llama({ ...sizes, window: 2 });
  const last = async (ids: number[]) => (await lens(model).capture(ids, 'logits')).logits?.data.slice(-11);
  // Two layers of windows of two tokens reach two tokens back.
  expect(largestDifference(await last([1, 2, 3, 4, 5]), await last([7, 8, 3, 4, 5]))).toBe(0);
  expect(largestDifference(await last([1, 2, 3, 4, 5]), await last([1, 2, 9, 4, 5]))).toBeGreaterThan(1e-6);
});

test('a width of its own for the hidden layer and the heads', () => {
  const model = new Llama({ ...sizes, headWidth: 6 });
  expect(model.config.hidden).toBe(48); // 8/3 · 16, up to a multiple of 16
  expect(model.cache).toEqual({ layers: 2, heads: 2, headWidth: 6 });
  expect(model.parameters().get('blocks.1.attention.query.weight')?.shape).toEqual([16, 24]);
  expect(model.parameters().get('blocks.1.attention.key.weight')?.shape).toEqual([16, 12]);
});

test('what cannot be is refused when the model is made or traced', () => {
  expect(() => new Llama({ ...sizes, kvHeads: 3 })).toThrow(/key and value heads that divides the query heads; got 3 for 4/);
  expect(() => new Llama({ ...sizes, heads: 3, kvHeads: 3 })).toThrow(HeadlightError);
  expect(() => new Llama({ ...sizes, headWidth: 5 })).toThrow(/an even number of rotated dimensions; got 5/);
  expect(() => new Llama({ ...sizes, window: 0 })).toThrow(/window is a whole number from 1; got 0/);
  expect(() => new Llama({ ...sizes, window: 3, windowed: [true] })).toThrow(/each of 2 layers; got 1/);
  expect(() => new Llama(sizes).forward(input('ids', [1, 13], 'int32'))).toThrow(/positions: at most 12 tokens/);
});
