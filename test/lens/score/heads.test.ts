import { describe, expect, test } from 'vitest';
import { distanceProfile, type HeadPattern, type LabelledArray, lens, massByClass, scoreHeads, zero } from '#dist/lens/index.js';
import { type GPT2, RecurrentLanguageModel, Transformer, ViT } from '#dist/models/index.js';
import { looked, lookedAt } from '../looked-models.js';

const labels = (scores: LabelledArray, axis: number) => scores.axes[axis]?.labels;

describe.each(Object.keys(looked))('%s', (name) => {
  test('every head is scored, and weights fall on distances and classes whole', async () => {
    const { model, prompt } = lookedAt(name);
    const scores = await scoreHeads(model, { rows: 2, tokens: model instanceof ViT ? undefined : 5 });
    const isPair = model instanceof Transformer;
    expect(labels(scores, 0)).toHaveLength(isPair ? 6 : 2);
    const wanted = ['firstToken', 'entropy', 'effectiveRankOV', 'effectiveRankQK'];
    expect(labels(scores, 2)).toEqual(expect.arrayContaining(wanted));
    for (const layer of labels(scores, 0) ?? []) {
      for (const head of labels(scores, 1) ?? [])
        for (const score of wanted) expect(scores.at(layer, head, score)).toBeGreaterThanOrEqual(0);
    }
    for (const profile of [
      await distanceProfile(model, prompt),
      await massByClass(model, prompt, ({ position }) => (position % 2 ? 'odd' : 'even')),
    ]) {
      const count = labels(profile, 2)?.length as number;
      const data = profile.values.data as Float64Array;
      for (let at = 0; at < data.length; at += count) expect(data.subarray(at, at + count).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
  });
});

test('classes tell where attention falls; far distances are those of the text', async () => {
  const { model } = lookedAt('gpt2');
  const ids = [1, 2, 1, 2, 5];
  const byClass = await massByClass(model, ids, ({ id }) => (id === 1 ? 'one' : 'other'));
  const { 'blocks.1.attention.pattern': pattern } = await lens(model as GPT2).capture(ids, 'blocks.1.attention.pattern');
  const wanted = [0, 1, 2, 3, 4].reduce((sum, q) => sum + [0, 2].reduce((s, k) => s + (pattern?.at(0, 3, q, k) as number), 0) / 5, 0);
  expect(byClass.at('blocks.1.attention', 3, 'one')).toBeCloseTo(wanted, 6);
  expect(labels(await distanceProfile(model, ids), 2)).toEqual([0, 1, 2, 3, 4]);
  expect(labels(await distanceProfile(lookedAt('bert, masked words').model, ids), 2)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4]);
});

test('a view is scored with what it changes', async () => {
  const view = lens(lookedAt('gpt2').model as GPT2);
  const changed = view.with(zero('blocks.0.attention.pattern', { heads: [1], keys: [0] }));
  expect((await scoreHeads(changed, { scores: ['firstToken'] })).at('blocks.0.attention', 1, 'firstToken')).toBe(0);
  expect((await scoreHeads(view, { scores: ['firstToken'] })).at('blocks.0.attention', 1, 'firstToken')).toBeGreaterThan(0);
});

test('scores of one’s own stand beside the others', async () => {
  const own = {
    name: 'lastKey',
    doc: 'attends to the last key',
    of: 'pattern',
    score: ({ keys, at, queries }: HeadPattern) => at(queries - 1, keys - 1),
  } as const;
  const scores = await scoreHeads(lookedAt('gpt2').model, { prompt: [1, 2, 3], scores: ['entropy', own] });
  expect(labels(scores, 2)).toEqual(['entropy', 'lastKey']);
});

test('bad input is refused by name', async () => {
  const { model } = lookedAt('gpt2');
  await expect(scoreHeads(model, { scores: ['inducton'] })).rejects.toThrow(/scores: .*got "inducton".*Nearest: induction/);
  await expect(scoreHeads(model, { tokens: 7 })).rejects.toThrow(/tokens: a block of at most 6 tokens.*got 7/);
  await expect(scoreHeads(model, { rows: 0 })).rejects.toThrow(/rows: a whole number from 1; got 0/);
  await expect(scoreHeads(model, { prompt: { source: [1], target: [1] } })).rejects.toThrow(
    /prompt: text or token ids; got a source and a target/,
  );
  const rnn = new RecurrentLanguageModel({ cell: 'gru', vocabulary: 5, context: 8, layers: 1, width: 4 });
  await expect(scoreHeads(rnn)).rejects.toThrow(/scoreHeads: a model with attention layers/);
});
