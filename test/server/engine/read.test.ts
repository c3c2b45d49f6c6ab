import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadEncoder, loadImageModel, loadModel, saveImageModel } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { generateAll, probabilities } from '#dist/generate/index.js';
import { lens } from '#dist/lens/index.js';
import { fixtures, openFixture, openFolder } from './opened.js';

const ids = [3, 1, 4, 1, 5, 2, 9, 6];
const prompt = { kind: 'ids', ids } as const;

test.each(['gpt2-tiny', 'llama-tiny', 'gemma2-tiny', 'bert-masked'])(
  '%s: every pattern and score is the very number that a capture gives',
  async (model) => {
    const { ask, state, path } = await openFixture(model);
    const { run, attention } = await ask('read.run', { model, prompt });
    expect(attention.length).toBeGreaterThan(0);
    const view = lens(model.startsWith('bert') ? await loadEncoder(path) : await loadModel(path));
    const seen = await view.capture(ids, '*attention.pattern, *attention.scores, logits');
    for (const { layer, heads, path: module } of attention) {
      for (const value of ['pattern', 'scores'] as const) {
        const own: number[] = [];
        for (let head = 0; head < heads; head++) {
          const { values } = await ask('read.tile', { run, layer, head, value, rows: [0, 99], columns: [0, 99] });
          expect(values.shape).toEqual([ids.length, ids.length]);
          own.push(...values.data);
        }
        expect(own).toEqual(Array.from(seen[`${module}.${value}`]?.data as Float32Array));
      }
    }
    await view.dispose();
    await state.dispose();
  },
);

test('seen from afar no edge is lost: a pooled cell is the largest of its square, a thumbnail too', async () => {
  const { ask, state } = await openFixture('gpt2-tiny');
  const { run } = await ask('read.run', { model: 'gpt2-tiny', prompt });
  const where = { run, layer: 1, head: 0, value: 'pattern', rows: [0, 99], columns: [0, 99] } as const;
  const { values: near } = await ask('read.tile', where);
  const { values: far } = await ask('read.tile', { ...where, level: 1 });
  expect(far.shape).toEqual([4, 4]);
  const thumbnails: { layer: number; values: { shape: readonly number[]; data: Float32Array } }[] = [];
  await ask('read.thumbnails', { run, value: 'pattern', size: 4 }, thumbnails);
  const square = (i: number, j: number) => [0, 1].flatMap((r) => [0, 1].map((c) => near.data[(2 * i + r) * 8 + 2 * j + c] as number));
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j <= i; j++) {
      expect(far.data[i * 4 + j]).toBe(Math.max(...square(i, j)));
      expect(thumbnails[1]?.values.data[i * 4 + j]).toBe(far.data[i * 4 + j]);
    }
  }
  expect(far.data[3]).toBe(Number.NEGATIVE_INFINITY);
  await state.dispose();
});

test('edges are the strongest first, and those that are left out are counted', async () => {
  const { ask, state } = await openFixture('gpt2-tiny');
  const { run } = await ask('read.run', { model: 'gpt2-tiny', prompt });
  const { values } = await ask('read.tile', { run, layer: 0, head: 1, value: 'pattern', rows: [0, 8], columns: [0, 8] });
  const edges = await ask('read.edges', { run, layer: 0, head: 1, top: 5 });
  const sorted = Array.from(values.data).sort((a, b) => b - a);
  expect(Array.from(edges.weights)).toEqual(sorted.slice(0, 5));
  expect(edges.total).toBe(36); // 8 queries, each of which sees itself and what came before
  edges.weights.forEach((weight, i) => {
    expect(values.data[(edges.queries[i] as number) * 8 + (edges.keys[i] as number)]).toBe(weight);
  });
  expect(edges.share).toBeCloseTo(sorted.slice(0, 5).reduce((a, b) => a + b, 0) / 8, 5);
  await state.dispose();
});

test('next tokens have the probabilities of the generation, under its options', async () => {
  const { ask, state, path } = await openFixture('llama-tiny');
  const { run } = await ask('read.run', { model: 'llama-tiny', prompt });
  const options = { temperature: 0.7, topK: 5, topP: 0.9 };
  const { candidates, left, actual } = await ask('read.next', { run, position: 3, count: 10, ...options });
  const view = lens(await loadModel(path));
  const logits = (await view.capture(ids, 'logits')).logits as HostArray;
  const width = logits.shape.at(-1) as number;
  const row = (logits.data as Float32Array).slice(3 * width, 4 * width);
  const [own, chosen] = [probabilities(row), probabilities(row, options)];
  for (const { id, probability, chosen: p } of candidates) {
    expect(probability).toBeCloseTo(own[id] as number, 9);
    expect(p).toBe(chosen[id]);
  }
  expect(left).toBe(chosen.filter((p) => p > 0).length);
  expect(actual?.id).toBe(ids[4]);
  await view.dispose();
  await state.dispose();
});

test('generation is the library’s own, token by token', async () => {
  const { ask, state, path } = await openFixture('gpt2-tiny');
  const events: { id: number }[] = [];
  const input = { model: 'gpt2-tiny', prompt, maxNewTokens: 5, temperature: 0.8, seed: 3 };
  const told = await ask('read.generate', input, events as never);
  const { newIds } = await generateAll(await loadModel(path), ids, { maxNewTokens: 5, temperature: 0.8, seed: 3 });
  expect(told.ids).toEqual([...ids, ...newIds]);
  expect(events.map(({ id }) => id)).toEqual(newIds);
  await state.dispose();
});

test('two runs of one length: A − B in every view', async () => {
  const { ask, state } = await openFixture('gpt2-tiny');
  const a = await ask('read.run', { model: 'gpt2-tiny', prompt });
  const b = await ask('read.run', { model: 'gpt2-tiny', prompt: { kind: 'ids', ids: [3, 1, 4, 1, 5, 2, 9, 7] } });
  const tile = async (ref: { run: string; minus?: string }) =>
    (await ask('read.tile', { ...ref, layer: 1, head: 1, value: 'pattern', rows: [0, 8], columns: [0, 8] })).values.data;
  const [own, theirs, both] = [await tile({ run: a.run }), await tile({ run: b.run }), await tile({ run: a.run, minus: b.run })];
  expect(Array.from(both)).toEqual(Array.from(own, (x, i) => Math.fround(x - (theirs[i] as number))));
  const next = await ask('read.next', { run: a.run, minus: b.run, count: 64 });
  expect(next.candidates.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(0, 4);
  await state.dispose();
});

test('an image: patches on a grid, labels as predictions; text for it is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headlight-studio-'));
  const model = await loadImageModel(`${fixtures}vit-tiny`);
  await saveImageModel(folder, model, {
    preprocessor: { do_resize: true, size: model.config.image, do_rescale: true, do_normalize: false },
  });
  const { ask, state } = await openFolder(folder, 'vit-tiny');
  const bytes = new Uint8Array(readFileSync(`${fixtures}images/jpeg-444.jpg`));
  const { run, grid, tokens } = await ask('read.run', { model: 'vit-tiny', prompt: { kind: 'image', bytes } });
  expect(tokens).toHaveLength((grid?.special ?? 0) + (grid?.rows ?? 0) * (grid?.columns ?? 0));
  const { candidates } = await ask('read.next', { run, count: 3 });
  expect(candidates.length).toBeGreaterThan(0);
  const { check } = await ask('explain', { run, address: { at: 'blocks.0.attention.pattern', index: [0, 0, 1, 2] } });
  expect(Math.abs(check.difference)).toBeLessThan(1e-6);
  await expect(ask('read.run', { model: 'vit-tiny', prompt: { kind: 'text', text: 'a cat' } })).rejects.toThrow(
    /an image, which this model takes/,
  );
  await state.dispose();
  rmSync(folder, { recursive: true });
});

test('a prompt beyond the context is cut, and how much is told; ids outside the vocabulary are refused', async () => {
  const { ask, state } = await openFixture('gpt2-tiny');
  const { context } = await ask('open', { model: 'gpt2-tiny' });
  const long = Array.from({ length: context + 7 }, (_, i) => i % 5);
  const { tokens, leftOut } = await ask('read.run', { model: 'gpt2-tiny', prompt: { kind: 'ids', ids: long } });
  expect([tokens.length, leftOut]).toEqual([context, 7]);
  await expect(ask('read.run', { model: 'gpt2-tiny', prompt: { kind: 'ids', ids: [99999] } })).rejects.toThrow(/token ids from 0/);
  await expect(
    ask('read.tile', { run: 'gpt2-tiny#none', layer: 0, head: 0, value: 'pattern', rows: [0, 1], columns: [0, 1] }),
  ).rejects.toThrow(/no longer held/);
  await state.dispose();
});
