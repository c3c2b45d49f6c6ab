import { describe, expect, test } from 'vitest';
import { beamSearch, generateAll } from '#dist/generate/index.js';
import { lens } from '#dist/lens/index.js';
import { memory } from '#dist/runtime/index.js';
import { expectNoMoreMemory } from '../support/no-more-memory.js';
import { wanderingModel, withoutCache } from './models.js';

type Model = ReturnType<typeof wanderingModel>;

interface Text {
  readonly ids: readonly number[];
  readonly sum: number;
  readonly ended: boolean;
}

/** log p of every next token of texts of one length, each read in full. */
async function nextLogprobs(model: Model, texts: readonly (readonly number[])[]): Promise<number[][]> {
  const { logits } = await lens(model).capture(texts, 'logits');
  const rows = logits?.toArray() as number[][][];
  return rows.map((row) => {
    const last = row.at(-1) as number[];
    const total = Math.log(last.reduce((sum, x) => sum + Math.exp(x), 0));
    return last.map((x) => x - total);
  });
}

/** Grows texts by every token, keeping what `keep` says; by the definition, without a cache. */
async function grow(model: Model, prompt: readonly number[], steps: number, stop: number | undefined, keep: (all: Text[]) => Text[]) {
  let live: Text[] = [{ ids: prompt, sum: 0, ended: false }];
  const ended: Text[] = [];
  for (let step = 0; step < steps && live.length > 0; step++) {
    const logprobs = await nextLogprobs(
      model,
      live.map(({ ids }) => ids),
    );
    const all = live.flatMap(({ ids, sum }, i) =>
      (logprobs[i] as number[]).map((x, id) => ({ ids: [...ids, id], sum: sum + x, ended: id === stop })),
    );
    const kept = keep(all.sort((a, b) => b.sum - a.sum));
    ended.push(...kept.filter((text) => text.ended));
    live = kept.filter((text) => !text.ended);
  }
  return [...ended, ...live];
}

const ranked = (texts: readonly Text[], prompt: number, alpha: number) =>
  texts
    .map(({ ids, sum }) => ({ newIds: ids.slice(prompt), score: sum / (ids.length - prompt) ** alpha }))
    .sort((a, b) => b.score - a.score);

describe('beam search', () => {
  test.each([0, 1, 2.5, -1])('with beams enough it is the exhaustive search, at α = %d', async (lengthPenalty) => {
    const model = wanderingModel({ vocabulary: 5, context: 16, layers: 1 });
    const [prompt, steps, stop] = [[1, 4], 4, 2];
    const every = ranked(await grow(model, prompt, steps, stop, (all) => all), prompt.length, lengthPenalty);
    // Texts of 4 tokens from 5, less those that ended: 1 + 4 + 16 + 64 · 5.
    expect(every).toHaveLength(1 + 4 + 16 + 64 * 5);
    const found = await beamSearch(model, prompt, { beams: 341, maxNewTokens: steps, stopIds: [stop], lengthPenalty });
    expect(found).toHaveLength(341);
    for (const [i, { newIds, score, logprobs, finish, ids }] of found.entries()) {
      expect(score).toBeCloseTo(every[i]?.score ?? Number.NaN, 4);
      expect(logprobs.reduce((a, b) => a + b, 0) / newIds.length ** lengthPenalty).toBeCloseTo(score, 9);
      expect(finish).toBe(newIds.at(-1) === stop ? 'stopId' : 'length');
      expect(ids).toEqual([...prompt, ...newIds]);
    }
    expect(found.slice(0, 20).map(({ newIds }) => newIds)).toEqual(every.slice(0, 20).map(({ newIds }) => newIds));
  });

  test("the model's own ends are stops by another name", async () => {
    const model = wanderingModel({ vocabulary: 5, context: 16, layers: 1 });
    const options = { beams: 4, maxNewTokens: 6 };
    const stopped = await beamSearch(model, [1, 4], { ...options, stopIds: [2, 3] });
    const ended = await beamSearch(model, [1, 4], { ...options, stopIds: [3], endIds: [2] });
    expect(ended.some(({ finish }) => finish === 'end')).toBe(true);
    const named = stopped.map((beam) => (beam.newIds.at(-1) === 2 ? { ...beam, finish: 'end' } : beam));
    expect(ended).toEqual(named);
  });

  test.each([2, 3, 7])('with %d beams it is the search that keeps as many at every step and reads each text in full', async (beams) => {
    const model = wanderingModel({ vocabulary: 17 });
    const prompt = [1, 2, 3];
    const naive = await grow(model, prompt, 10, undefined, (all) => all.slice(0, beams));
    const expected = ranked(naive, prompt.length, 1);
    for (const own of [model, withoutCache(model)]) {
      const found = await beamSearch(own, prompt, { beams, maxNewTokens: 10 });
      expect(found.map(({ newIds }) => newIds)).toEqual(expected.map(({ newIds }) => newIds));
      for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i]?.score ?? Number.NaN, 4);
    }
  });

  test('one beam is the greedy text, to the last bit, with penalties too', async () => {
    const model = wanderingModel();
    for (const extra of [{}, { noRepeatNgram: 2 }]) {
      const greedy = await generateAll(model, [5, 6], { temperature: 0, maxNewTokens: 30, ...extra });
      const [beam] = await beamSearch(model, [5, 6], { beams: 1, maxNewTokens: 30, ...extra });
      expect(beam).toMatchObject({ ids: greedy.ids, newIds: greedy.newIds, logprobs: greedy.logprobs, finish: 'length' });
    }
  });

  test('more beams find likelier texts here; an ended text that nothing can beat ends the search', async () => {
    const model = wanderingModel({ vocabulary: 17 });
    const best = async (beams: number) => (await beamSearch(model, [1], { beams, maxNewTokens: 8 }))[0]?.score ?? Number.NaN;
    expect(await best(8)).toBeGreaterThan(await best(1));
    let runs = 0;
    const counting = (scores: Float64Array): Float64Array => {
      runs++;
      return scores;
    };
    // Every token ends the text: after one step nothing is on its way.
    const stopIds = Array.from({ length: 17 }, (_, id) => id);
    const found = await beamSearch(model, [1], { beams: 3, maxNewTokens: 40, stopIds, processors: [counting] });
    expect(found.map(({ newIds }) => newIds.length)).toEqual([1, 1, 1]);
    expect(runs).toBe(1);
  });

  test('memory is given back, also after an abort', async () => {
    const before = memory();
    const model = wanderingModel();
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(beamSearch(model, [1], { beams: 2, maxNewTokens: 5, signal: stop })).rejects.toThrow('enough');
    await beamSearch(model, [1], { beams: 2, maxNewTokens: 5 });
    expectNoMoreMemory(before);
  });

  test.each([
    ['no beams', { beams: 0 }, /beams is a whole number from 1; got 0/],
    ['a length penalty that is no number', { lengthPenalty: Number.NaN }, /lengthPenalty is a number/],
    ['more tokens than the context', { maxNewTokens: 64 }, /at most 64 tokens of prompt and continuation.*got 65/],
    ['nothing to find', { maxNewTokens: 0 }, /maxNewTokens is a whole number from 1/],
    ['everything forbidden', { processors: [(s: Float64Array) => s.map(() => Number.NEGATIVE_INFINITY)] }, /at least one token/],
  ])('%s is refused', async (_, extra, message) => {
    const work = beamSearch(wanderingModel(), [1], { beams: 2, maxNewTokens: 3, ...extra });
    await expect(work).rejects.toMatchObject({ code: 'value', message: expect.stringMatching(message) });
  });
});
