import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { saveImageModel, saveModel, saveTranslationModel } from '#dist/checkpoints/index.js';
import { generateAll, Targets } from '#dist/generate/index.js';
import { lens, sweep, translationLens } from '#dist/lens/index.js';
import { GPT2, Transformer, ViT } from '#dist/models/index.js';
import type { Address, Prompt } from '#dist/server/protocol/index.js';
import { enlarged } from '../../lens/models.js';
import { openFolder } from './opened.js';
import { numberOf } from './run-code.js';
import { walk } from './walk.js';

const root = mkdtempSync(join(tmpdir(), 'headlight-kinds-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const photo = fileURLToPath(new URL('../../fixtures/images/jpeg-444.jpg', import.meta.url));
const translation: Prompt = { kind: 'translation', source: '1 2 3 4', target: '6, 7' };
const image: Prompt = { kind: 'image', bytes: new Uint8Array(readFileSync(photo)) };

const transformer = enlarged(new Transformer({ sourceVocabulary: 9, targetVocabulary: 11, layers: 2, width: 8, heads: 4, kvHeads: 2 }));
await saveTranslationModel(join(root, 'transformer'), transformer, { startId: 5 });
const vit = enlarged(new ViT({ image: 16, patch: 8, layers: 2, heads: 2, width: 8, labels: ['a', 'b', 'c'] }));
await saveImageModel(join(root, 'vit'), vit, { preprocessor: { size: 16 } });

const cases: readonly (readonly [string, Prompt, Address, Address])[] = [
  [
    'transformer',
    translation,
    { at: 'probability', index: [2, 7] },
    { at: 'decoder.blocks.1.cross_attention.scores', index: [0, 3, 2, 1] },
  ],
  ['vit', image, { at: 'probability', index: [0, 1] }, { at: 'blocks.1.attention.scores', index: [0, 1, 2, 3] }],
];

test.each(cases)(
  '%s: every equation adds up, from a probability to the weights; its code gives the number',
  async (name, prompt, from, scores) => {
    const { ask, state } = await openFolder(join(root, name), name);
    const { run } = await ask('read.run', { model: name, prompt });
    const seen = await walk(ask, run, from, 150);
    expect(seen.filter(({ equation }) => equation.kind === 'operation').map(({ line }) => line)).toEqual([]);
    for (const { line, value, check } of seen) expect(Math.abs(check.difference), line).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
    for (const address of [from, scores]) {
      const { value } = await ask('explain', { run, address });
      const { code } = await ask('explain.code', { run, address });
      expect(await numberOf(code.replace("'image.png'", JSON.stringify(photo)))).toBeCloseTo(value, 4);
    }
    await state.dispose();
  },
);

test('a target goes on as generation writes it, and under changes by runs of their own', async () => {
  const { ask, state } = await openFolder(join(root, 'transformer'), 'transformer');
  const spec = { model: 'transformer', prompt: translation };
  const { ids } = await ask('read.generate', { ...spec, temperature: 0, maxNewTokens: 4 });
  const targets = await Targets.of(transformer);
  await targets.read([1, 2, 3, 4]);
  const { newIds } = await generateAll(targets, [5, 6, 7], { maxNewTokens: 4, temperature: 0 });
  expect(ids).toEqual([5, 6, 7, ...newIds]);
  await targets.dispose();

  const { run, tokens, source } = await ask('read.run', spec);
  expect([tokens.map(({ id }) => id), source?.map(({ id }) => id)]).toEqual([[5, 6, 7], [1, 2, 3, 4]]); // biome-ignore format: rows
  const { intervention, label } = await ask('change.cut', { run, layer: 3, head: 0, edges: [[1, 3]] });
  expect([intervention.at, label]).toEqual(['decoder.blocks.0.cross_attention.pattern', '×0 H0: cut "6" → "4"']);
  const changes = [{ id: 'a', name: label, isOn: true, intervention }];
  const written = await ask('read.generate', { ...spec, changes, temperature: 0, maxNewTokens: 2 });
  const next = await ask('read.run', { ...spec, prompt: { ...translation, target: written.ids.slice(0, -1) }, changes });
  const { candidates } = await ask('read.next', { run: next.run, count: 1 });
  expect(candidates[0]?.id).toBe(written.ids.at(-1));
  await expect(ask('read.run', { ...spec, prompt: { kind: 'text', text: 'a' } })).rejects.toThrow(/a source and a target/);
  await expect(ask('read.run', { ...spec, prompt: { ...translation, source: '1 x' } })).rejects.toThrow(/token ids/);
  await expect(ask('read.run', { ...spec, prompt: { ...translation, source: '9' } })).rejects.toThrow(/from 0 to 8/);
  await state.dispose();
});

test('of an encoder–decoder, the sweep over heads is the lens’s own', async () => {
  const { ask, state } = await openFolder(join(root, 'transformer'), 'transformer');
  const model = 'transformer';
  const a = await ask('read.run', { model, prompt: translation });
  const b = await ask('read.run', { model, prompt: { ...translation, source: '1 2 8 4' } });
  const metric = { kind: 'logit-difference', token: 9, against: 4 } as const;
  const spec = { clean: a.run, corrupted: b.run, by: 'head', metric } as const;
  const { values } = await ask('compare.sweep', spec);
  const view = translationLens(transformer);
  const site = '*attention.mixed';
  const prompts = { clean: { source: [1, 2, 3, 4], target: [5, 6, 7] }, corrupted: { source: [1, 2, 8, 4], target: [5, 6, 7] } };
  const result = await sweep(view, {
    ...{ kind: 'activation', ...prompts, site, by: ['layer', 'head'] },
    metric: { kind: 'logitDifference', token: 9, against: 4 },
  });
  const { baseline, source = Number.NaN } = result;
  const layers = result.values.axes[0]?.labels as readonly string[];
  state.attention.forEach(({ path, heads }, layer) => {
    for (let head = 0; head < heads; head++) {
      const share = (result.values.at(layers.find((name) => name.startsWith(path)) ?? path, head) - baseline) / (source - baseline);
      expect(values.data[layer * heads + head], `${path} ${head}`).toBeCloseTo(share, 4);
    }
  });
  expect(Math.max(...values.data)).toBeGreaterThan(0.1);
  await expect(ask('compare.sweep', { ...spec, by: 'layer-position' })).rejects.toThrow(/whole heads/);
  const shorter = await ask('read.run', { model, prompt: { ...translation, source: '1 2 3' } });
  await expect(ask('compare.cost', { ...spec, corrupted: shorter.run })).rejects.toThrow(/source: 3/);
  await view.dispose();
  await state.dispose();
});

test('two models of a folder are compared; of other shapes or vocabularies they are refused', async () => {
  const sizes = { vocabulary: 11, context: 8, layers: 2, heads: 2, width: 8 };
  const models = {
    a: new GPT2(sizes),
    b: new GPT2({ ...sizes, seed: 1 }),
    c: new GPT2({ ...sizes, layers: 1 }),
    d: new GPT2({ ...sizes, vocabulary: 12 }),
  };
  for (const [name, model] of Object.entries(models)) await saveModel(join(root, name), model);
  const { ask, state } = await openFolder(join(root, 'a'), 'a');
  const prompt: Prompt = { kind: 'ids', ids: [1, 2, 3, 4] };
  const a = await ask('read.run', { model: 'a', prompt });
  const other = (model: string) => ask('read.run', { model, prompt, beside: 'a' });
  const b = await other('b');
  const { values } = await ask('read.tile', {
    run: a.run,
    minus: b.run,
    layer: 1,
    head: 1,
    value: 'pattern',
    rows: [3, 4],
    columns: [0, 4],
  });
  const patterns = await Promise.all(
    [models.a, models.b].map(async (model) => {
      const view = lens(model);
      const found = (await view.capture([1, 2, 3, 4], 'blocks.1.attention.pattern'))['blocks.1.attention.pattern'];
      await view.dispose();
      return found?.data.slice(28) as Float32Array;
    }),
  );
  expect(Array.from(values.data)).toEqual(Array.from(patterns[0] as Float32Array, (x, i) => Math.fround(x - (patterns[1]?.[i] as number))));
  expect(values.data.some((x) => x !== 0)).toBe(true);
  const c = await other('c');
  await expect(ask('compare.align', { a: a.run, b: c.run })).rejects.toThrow(/as many layers and heads/);
  // Another took its place: one model at a time.
  await expect(ask('compare.align', { a: a.run, b: b.run })).rejects.toThrow(/no longer held/);
  const d = await other('d');
  await expect(ask('compare.next', { a: a.run, b: d.run, count: 3 })).rejects.toThrow(/one vocabulary/);
  await expect(
    ask('compare.cost', { clean: a.run, corrupted: d.run, by: 'head', metric: { kind: 'log-probability', token: 1 } }),
  ).rejects.toThrow(/of one checkpoint/);
  await state.dispose();
});
