import { describe, expect, test } from 'vitest';
import { host } from '#dist/core/index.js';
import { generateAll, generateBatchAll } from '#dist/generate/index.js';
import { add, cut, type Intervention, lens, resample, scale, zero } from '#dist/lens/index.js';
import { GPT2, type LanguageModel, Llama, RecurrentLanguageModel } from '#dist/models/index.js';
import { evaluateModel } from '#dist/train/index.js';
import { largestDifference } from '../../support/arrays.js';
import { enlarged, sizes } from '../models.js';

const shape = { ...sizes, context: 24 };
const models: Readonly<Record<string, () => LanguageModel>> = {
  gpt2: () => enlarged(new GPT2(shape)),
  'grouped heads': () => enlarged(new Llama({ ...shape, heads: 4, kvHeads: 2 })),
  lstm: () => enlarged(new RecurrentLanguageModel({ ...shape, cell: 'lstm' })),
};

const direction = host(Array.from({ length: 8 }, (_, i) => Math.sin(i + 1)));
const changes: Readonly<Record<string, readonly Intervention[]>> = {
  'a head': [zero('blocks.0.attention.mixed', { heads: [1] })],
  'a whole layer': [zero('blocks.0.attention.output')],
  steering: [add('blocks.1.residual.post', direction, 2)],
  'from a position on': [scale('blocks.0.attention.output[:, 5:]', -1), zero('blocks.1.mlp.output', { positions: [0, 5] })],
  'keys of a position': [zero('blocks.1.attention.pattern', { keys: [2] }), scale('blocks.0.attention.key', 0.5)],
};

/** Greedy tokens and their log probabilities, by the lens alone: every text anew. */
async function byLens(model: LanguageModel, interventions: readonly Intervention[], prompt: readonly number[], count: number) {
  const view = lens(model, { programs: 1 }).with(interventions);
  const ids = [...prompt];
  for (let n = 0; n < count; n++) {
    const { 'logits[0, -1]': last } = await view.capture(ids, 'logits[0, -1]');
    const logits = Array.from(last?.data as Float32Array);
    ids.push(logits.indexOf(Math.max(...logits)));
  }
  await view.dispose();
  return ids.slice(prompt.length);
}

describe('a changed model', () => {
  test.each(Object.entries(changes))('generates as the lens sees it: %s', async (_, interventions) => {
    for (const name of ['gpt2', 'grouped heads']) {
      const model = models[name]?.() as LanguageModel;
      const changed = lens(model).with(interventions).model;
      const options = { maxNewTokens: 8, temperature: 0, capture: 'blocks.1.attention.mixed' };
      const prompt = [3, 1, 4, 1, 5, 9];
      const { newIds } = await generateAll(changed, prompt, options);
      expect(newIds, name).toEqual(await byLens(model, interventions, prompt, 8));
      const rows = await generateBatchAll(changed, [prompt, [1, 2]], { maxNewTokens: 8, temperature: 0 });
      expect(rows[0]?.newIds).toEqual(newIds);
      const plain = await generateAll(model, prompt, { maxNewTokens: 8, temperature: 0 });
      expect(plain.logprobs).not.toEqual((await generateAll(changed, prompt, { maxNewTokens: 8, temperature: 0 })).logprobs);
    }
  });

  test('goes on from a state', async () => {
    const model = models.lstm?.() as LanguageModel;
    const [site] = lens(model)
      .sites()
      .flatMap(({ name }) => (name.endsWith('hidden') ? [name] : [])) as [string];
    const interventions = [zero(site, { neurons: [0, 3] })];
    const changed = lens(model).with(interventions).model;
    const { newIds } = await generateAll(changed, [3, 1, 4], { maxNewTokens: 6, temperature: 0 });
    expect(newIds).toEqual(await byLens(model, interventions, [3, 1, 4], 6));
  });

  test('is taken by another lens, with the parameters and sites of the model', async () => {
    const model = models.gpt2?.() as LanguageModel;
    const view = lens(model).with(zero('blocks.0.attention.mixed', { heads: [1] }));
    const again = lens(view.model);
    expect([...view.model.parameters().keys()]).toEqual([...model.parameters().keys()]);
    expect(again.sites()).toEqual(view.sites());
    const [a, b] = [await view.capture([1, 2, 3], '*'), await again.capture([1, 2, 3], '*')];
    for (const [name, value] of Object.entries(a)) expect(largestDifference(b[name]?.data, value.data), name).toBeLessThan(1e-5);
    expect(lens(model).model).toBe(model);
  });

  test('is evaluated', async () => {
    const model = models.gpt2?.() as LanguageModel;
    const view = lens(model).with(changes.steering as readonly Intervention[]);
    const text = Array.from({ length: 20 }, (_, i) => (i * i) % 11);
    const loss = await evaluateModel(view.model, Int32Array.from(text));
    expect(loss).toBeCloseTo((await view.measure(text, { kind: 'loss' }))[0] as number, 4);
    expect(Math.abs(loss - (await evaluateModel(model, Int32Array.from(text))))).toBeGreaterThan(1e-3);
  });

  test('says what a text that grows cannot have', async () => {
    const model = models.gpt2?.() as LanguageModel;
    const go = (i: Intervention) => generateAll(lens(model).with(i).model, [1, 2, 3], { maxNewTokens: 2, temperature: 0 });
    await expect(go(zero('embed[:, -1]'))).rejects.toThrow(/positions counted from the start, of a text that grows; got -1/);
    await expect(go(cut('*attention.pattern', [[1, 0]]))).rejects.toThrow(/edges in a text of known length/);
    const stored = await resample(lens(model), 'embed', [4, 5, 6]);
    await expect(go(stored)).rejects.toThrow(/In a text that grows, one value serves every position/);
  });
});
