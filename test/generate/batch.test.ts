import { describe, expect, test } from 'vitest';
import { Decoder, generateAll, generateBatch, generateBatchAll } from '#dist/generate/index.js';
import { memory } from '#dist/runtime/index.js';
import { expectNoMoreMemory } from '../support/no-more-memory.js';
import { MeanModel, wanderingModel, withoutCache } from './models.js';

const greedy = { temperature: 0 } as const;
const prompts = [[3, 1, 4, 1, 5], [9], [2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3], [60, 0]];

describe('prompts of different lengths', () => {
  test.each([
    ['small', {}],
    // Products of 64 columns or fewer a thread, and of more inputs than the engine sums in one block.
    ['wide', { width: 320, heads: 5, layers: 1 }],
  ])('each gives its own result bit for bit: %s', async (_, sizes) => {
    const model = wanderingModel(sizes);
    const options = { ...greedy, maxNewTokens: 40 };
    const together = await generateBatchAll(model, prompts, options);
    for (const [row, prompt] of prompts.entries()) {
      const { ids, newIds, logprobs, finish } = await generateAll(model, prompt, options);
      expect(together[row]).toMatchObject({ ids, newIds, logprobs, finish });
    }
  });

  test('also where the cache grows for one of them, and past the context, at different tokens', async () => {
    const model = wanderingModel({ context: 300, layers: 1 });
    const long = Array.from({ length: 250 }, (_, i) => (i * i + 3 * i) % 61);
    const options = { ...greedy, maxNewTokens: 120 };
    const together = await generateBatchAll(model, [long, [5, 6], long.slice(0, 200)], options);
    for (const [row, prompt] of [long, [5, 6], long.slice(0, 200)].entries()) {
      const { newIds, logprobs } = await generateAll(model, prompt, options);
      expect(together[row]?.newIds).toEqual(newIds);
      expect(together[row]?.logprobs).toEqual(logprobs);
    }
  });

  test('also where prompts are read in pieces, beside rows that are longer or shorter', async () => {
    const model = wanderingModel({ context: 1024, layers: 2 });
    const text = (length: number, by: number) => Array.from({ length }, (_, i) => (i * i + by * i) % 61);
    const long = [text(700, 3), text(20, 5), text(300, 7), text(513, 1)];
    const options = { ...greedy, maxNewTokens: 12 };
    const together = await generateBatchAll(model, long, options);
    for (const [row, prompt] of long.entries()) {
      const { newIds, logprobs } = await generateAll(model, prompt, options);
      expect(together[row]?.newIds).toEqual(newIds);
      expect(together[row]?.logprobs).toEqual(logprobs);
    }
  });

  test('drawn with one seed, each as alone; with seeds, each as with its own', async () => {
    const model = wanderingModel();
    const options = { maxNewTokens: 12, topK: 20, seed: 3 };
    const together = await generateBatchAll(model, prompts, options);
    expect(together[2]?.newIds).toEqual((await generateAll(model, prompts[2] ?? [], options)).newIds);
    const seeded = await generateBatchAll(model, [[7], [7]], { ...options, seeds: [1, 2] });
    expect(seeded[1]?.newIds).toEqual((await generateAll(model, [7], { ...options, seed: 2 })).newIds);
    expect(seeded[0]?.newIds).not.toEqual(seeded[1]?.newIds);
  });

  test('texts end by themselves: those that go on are not touched', async () => {
    const model = wanderingModel();
    const free = await generateBatchAll(model, prompts, { ...greedy, maxNewTokens: 30 });
    const stop = free[0]?.newIds[2] as number;
    const stopped = await generateBatchAll(model, prompts, { ...greedy, maxNewTokens: 30, stopIds: [stop] });
    for (const [row, { newIds }] of free.entries()) {
      const at = newIds.indexOf(stop);
      expect(stopped[row]?.newIds).toEqual(at < 0 ? newIds : newIds.slice(0, at + 1));
      expect(stopped[row]?.finish).toBe(at < 0 ? 'length' : 'stopId');
    }
  });

  test('models without a cache, and all memory given back', async () => {
    const before = memory();
    const [cached, anew] = [wanderingModel(), withoutCache(wanderingModel())];
    const options = { ...greedy, maxNewTokens: 6 };
    const one = await generateBatchAll(cached, prompts, options);
    const other = await generateBatchAll(anew, prompts, options);
    expect(other.map(({ newIds }) => newIds)).toEqual(one.map(({ newIds }) => newIds));
    for await (const _ of generateBatch(new MeanModel(), [[1], [2, 3]], { maxNewTokens: 9 })) break;
    expectNoMoreMemory(before);
    expect((await generateBatchAll(cached, prompts, { maxNewTokens: 0 })).map(({ newIds }) => newIds)).toEqual([[], [], [], []]);
  });

  test.each([
    ['no prompts', [], {}, /at least one prompt/],
    ['an empty one', [[1], []], {}, /at least one token/],
    ['too few seeds', [[1], [2]], { seeds: [1] }, /a seed for each of 2 prompts; got 1 seeds/],
  ])('%s is refused', async (_, rows, options, message) => {
    const work = generateBatchAll(wanderingModel(), rows, { maxNewTokens: 3, ...options });
    await expect(work).rejects.toMatchObject({ code: 'value', message: expect.stringMatching(message) });
  });
});

describe('rows of a decoder', () => {
  test('select: every row goes on as the one it was copied from', async () => {
    const model = wanderingModel();
    const decoder = await Decoder.create(model, { batch: 3 });
    for (const [row, ids] of [[1, 2, 3], [4, 5], [6]].entries()) await decoder.readRow(row, ids);
    decoder.select([1, 0, 1]);
    expect(Array.from(decoder.lengths)).toEqual([2, 3, 2]);
    const logits = await decoder.append([7, 7, 8]);
    const alone = await Decoder.create(model);
    for (const [row, ids] of [
      [4, 5, 7],
      [1, 2, 3, 7],
      [4, 5, 8],
    ].entries()) {
      alone.reset();
      await alone.append(ids.slice(0, -1));
      expect(logits.slice(row * 61, (row + 1) * 61)).toEqual(await alone.append(ids.slice(-1)));
    }
    await Promise.all([decoder.dispose(), alone.dispose()]);
  });

  test('a row that does not go on keeps what it holds, even when it is full', async () => {
    const model = wanderingModel({ context: 8 });
    const decoder = await Decoder.create(model, { batch: 2 });
    await decoder.readRow(0, [1, 2, 3, 4, 5, 6, 7, 8]);
    await decoder.readRow(1, [1]);
    await decoder.append([0, 2], [false, true]);
    expect(Array.from(decoder.lengths)).toEqual([8, 2]);
    await expect(decoder.append([0, 2])).rejects.toMatchObject({ code: 'value' });
    await decoder.dispose();
  });
});
