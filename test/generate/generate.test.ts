import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { Decoder, generate, generateAll, nextTokens, sample } from '#dist/generate/index.js';
import { input } from '#dist/ops/index.js';
import { lowerProgram, memory, Program } from '#dist/runtime/index.js';
import { expectNoMoreMemory } from '../support/no-more-memory.js';
import { MeanModel, wanderingModel, withoutCache } from './models.js';

const greedy = { temperature: 0 } as const;

/** Logits of every position, from one run over the whole text: [T,V]. */
async function fullLogits(model: { vocabulary: number; forward: ReturnType<typeof wanderingModel>['forward'] }, ids: readonly number[]) {
  const spec = { shape: [1, ids.length], dtype: 'int32' } as const;
  const program = await Program.create(lowerProgram({ logits: model.forward(input('ids', spec.shape, 'int32')) }, [{ name: 'ids', spec }]));
  const { logits } = await program.run({ ids: new HostArray(Int32Array.from(ids), spec.shape, 'int32') });
  await program.dispose();
  const data = logits?.data as Float32Array;
  return Array.from({ length: ids.length }, (_, t) => data.subarray(t * model.vocabulary, (t + 1) * model.vocabulary));
}

function argmaxOf(row: Float32Array): number {
  return row.indexOf(Math.max(...row));
}

function logSoftmax(row: Float32Array, id: number): number {
  const top = Math.max(...row);
  return (row[id] as number) - top - Math.log(row.reduce((s, x) => s + Math.exp(x - top), 0));
}

/** max |a − b| / max |b| */
function distance(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number)))) / Math.max(...b.map(Math.abs));
}

describe('a model with a cache', () => {
  test('cached = uncached over 200 greedy tokens, and one full run agrees with both', async () => {
    const model = wanderingModel({ context: 256 });
    const prompt = [3, 1, 4, 1, 5];
    const cached = await generateAll(model, prompt, { ...greedy, maxNewTokens: 200 });
    expect(new Set(cached.newIds).size).toBeGreaterThan(10);
    const full = await fullLogits(model, cached.ids);
    const expected = cached.newIds.map((_, i) => argmaxOf(full[prompt.length - 1 + i] as Float32Array));
    expect(cached.newIds).toEqual(expected);
    cached.logprobs.forEach((logprob, i) => {
      expect(logprob).toBeCloseTo(logSoftmax(full[prompt.length - 1 + i] as Float32Array, cached.newIds[i] as number), 4);
    });
    const short = await generateAll(withoutCache(model), prompt, { ...greedy, maxNewTokens: 60 });
    expect(short.newIds).toEqual(cached.newIds.slice(0, 60));
  });

  test('the cache grows from 256 to 512 slots and on to a context that is no power of two', async () => {
    const model = wanderingModel({ context: 600, layers: 1 });
    const ids = Array.from({ length: 600 }, (_, i) => (i * i + 3 * i) % 61);
    const full = await fullLogits(model, ids);
    const decoder = await Decoder.create(model);
    // Pieces that end before, at and beyond the edges of the memory.
    for (const [from, to] of [
      [0, 250],
      [250, 255],
      [255, 256],
      [256, 257],
      [257, 300],
      [300, 520],
      [520, 599],
      [599, 600],
    ] as const) {
      const logits = await decoder.append(ids.slice(from, to));
      expect(distance(logits, full[to - 1] as Float32Array), `tokens ${from} to ${to}`).toBeLessThan(2e-5);
    }
    expect(decoder.length).toBe(600);
    await expect(decoder.append([1])).rejects.toMatchObject({ code: 'value' });
    await decoder.dispose();
  });

  test('rows of a batch do not see each other', async () => {
    const model = wanderingModel();
    const rows = [
      [1, 2, 3, 4, 5, 6],
      [9, 8, 7, 6, 5, 4],
      [60, 0, 60, 0, 60, 0],
    ];
    const decoder = await Decoder.create(model, { batch: 3 });
    for (const [from, to] of [
      [0, 3],
      [3, 4],
      [4, 6],
    ] as const) {
      const logits = await decoder.append(rows.flatMap((row) => row.slice(from, to)));
      for (const [b, row] of rows.entries()) {
        const alone = (await fullLogits(model, row.slice(0, to)))[to - 1] as Float32Array;
        expect(distance(logits.subarray(b * 61, (b + 1) * 61), alone)).toBeLessThan(2e-5);
      }
    }
    await expect(decoder.append([1, 2])).rejects.toMatchObject({ code: 'value' });
    await decoder.dispose();
  });

  test('a reset forgets', async () => {
    const decoder = await Decoder.create(wanderingModel());
    const fresh = await decoder.append([5, 6]);
    await decoder.append([7]);
    decoder.reset();
    expect(await decoder.append([5, 6])).toEqual(fresh);
    await decoder.dispose();
  });

  test('past the context it goes on from the last half, as a model without a cache does', async () => {
    const model = wanderingModel({ context: 24 });
    const options = { ...greedy, maxNewTokens: 70 };
    const cached = await generateAll(model, [7, 7, 2], options);
    const anew = await generateAll(withoutCache(model), [7, 7, 2], options);
    expect(cached.newIds).toHaveLength(70);
    expect(cached.newIds).toEqual(anew.newIds);
    // The first token after the context is full, from the 12 before it.
    const at = 25;
    const window = await fullLogits(model, cached.ids.slice(at - 12, at));
    expect(cached.ids[at]).toBe(argmaxOf(window[11] as Float32Array));
  });

  test('a prompt as long as the context, and a context of one token', async () => {
    const model = wanderingModel({ context: 8 });
    const prompt = [1, 2, 3, 4, 5, 6, 7, 8];
    expect((await generateAll(model, prompt, { ...greedy, maxNewTokens: 3 })).newIds).toHaveLength(3);
    expect((await generateAll(wanderingModel({ context: 1 }), [4], { ...greedy, maxNewTokens: 5 })).newIds).toHaveLength(5);
  });
});

describe("a model of the user's own", () => {
  test('only forward(ids), sizes as numbers: each token is drawn from its own logits, past its context too', async () => {
    const model = new MeanModel();
    const options = { seed: 4, temperature: 2 };
    const { ids, newIds, logprobs } = await generateAll(model, [1, 2], { ...options, maxNewTokens: 20 });
    expect(new Set(newIds).size).toBeGreaterThan(3);
    let window = [1, 2];
    for (const [index, id] of newIds.entries()) {
      const logits = (await fullLogits(model, window)).at(-1) as Float32Array;
      expect(id).toBe(sample(logits, options, index));
      expect(logprobs[index]).toBeCloseTo(logSoftmax(logits, id), 5);
      window = window.length === 8 ? [...window, id].slice(-4) : [...window, id];
    }
    expect(ids).toEqual([1, 2, ...newIds]);
  });
});

describe('drawing', () => {
  test('a seed gives one text, other seeds others; the stream is keyed by the index', async () => {
    const source = await nextTokens(wanderingModel());
    const draw = async (seed: number, maxNewTokens = 30) => (await generateAll(source, [1], { seed, maxNewTokens, topK: 20 })).newIds;
    const one = await draw(1);
    expect(await draw(1)).toEqual(one);
    expect(await draw(2)).not.toEqual(one);
    expect(await draw(1, 10)).toEqual(one.slice(0, 10));
    await source.dispose();
  });

  test('stops after a stop token, and yields in order', async () => {
    const model = wanderingModel();
    const free = await generateAll(model, [1], { ...greedy, maxNewTokens: 30 });
    const stop = free.newIds[4] as number;
    const tokens = [];
    for await (const token of generate(model, [1], { ...greedy, maxNewTokens: 30, stopIds: [stop] })) tokens.push(token);
    expect(tokens.map((t) => t.id)).toEqual(free.newIds.slice(0, free.newIds.indexOf(stop) + 1));
    expect(tokens.map((t) => t.index)).toEqual(tokens.map((_, i) => i));
    expect((await generateAll(model, [1], { ...greedy, maxNewTokens: 0 })).newIds).toEqual([]);
  });
});

describe('stopping and failing', () => {
  test("an abort ends it before the next token, with the signal's reason", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { index } of generate(wanderingModel(), [1], { maxNewTokens: 50, signal: stop.signal })) {
        seen.push(index);
        if (index === 3) stop.abort(new Error('enough'));
      }
    };
    await expect(run()).rejects.toThrow('enough');
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  test('the event loop gets its turns', async () => {
    // Turns are counted, not timed: on a crowded machine tokens take longer, and there are more turns between them.
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    let atFirst: number | undefined;
    let tokens = 0;
    for await (const _ of generate(wanderingModel(), [1], { maxNewTokens: 4000 })) {
      atFirst ??= turns;
      tokens++;
      if (turns >= atFirst + 20) break;
    }
    isOver = true;
    // Work of 10 ms for each turn: some 10 tokens on a quick machine. Without turns all 4,000 are made, in seconds.
    expect(tokens).toBeLessThan(4000);
  });

  test('all memory is given back, also when the loop is left early', async () => {
    const before = memory();
    const model = wanderingModel();
    for await (const _ of generate(model, [1], { maxNewTokens: 50 })) break;
    await generateAll(model, [1], { maxNewTokens: 5 });
    await generateAll(new MeanModel(), [1], { maxNewTokens: 20 });
    expectNoMoreMemory(before);
  });

  test.each([
    ['no prompt', [], {}, /at least one token/],
    ['a long prompt', Array.from({ length: 65 }, () => 1), {}, /64 tokens, the model's context; got 65 tokens/],
    ['an id beyond the vocabulary', [1, 61], {}, /0 to 60; got 61 at position 1/],
    ['a fraction', [0.5], {}, /0 to 60; got 0.5/],
    ['a negative count', [1], { maxNewTokens: -1 }, /maxNewTokens/],
    ['a bad temperature', [1], { temperature: -1 }, /temperature/],
  ])('%s is refused', async (_, prompt, options, message) => {
    const work = generateAll(wanderingModel(), prompt, { maxNewTokens: 3, ...options });
    await expect(work).rejects.toMatchObject({ code: 'value', message: expect.stringMatching(message) });
  });

  test.each([
    ['with a cache', (m: ReturnType<typeof wanderingModel>) => m],
    ['without', withoutCache],
  ])('check names the first site that is not finite, %s', async (_, view) => {
    const model = wanderingModel();
    const bias = model.blocks[1]?.mlp.up.bias;
    if (bias === undefined) throw new Error('a bias');
    const broken = (bias.value.data as Float32Array).slice();
    broken[3] = Number.NaN;
    bias.value = new HostArray(broken, bias.shape, 'float32');
    const work = generateAll(view(model), [1, 2], { maxNewTokens: 3, check: true });
    await expect(work).rejects.toMatchObject({ code: 'numeric', path: expect.stringMatching(/blocks\.1\.mlp\.pre$/) });
    const healthy = await generateAll(view(wanderingModel()), [1, 2], { ...greedy, maxNewTokens: 4, check: true });
    const plain = await generateAll(view(wanderingModel()), [1, 2], { ...greedy, maxNewTokens: 4 });
    expect(healthy.newIds).toEqual(plain.newIds);
  });

  test('a cache that the sites do not bear out is refused', async () => {
    const model = wanderingModel();
    Object.defineProperty(model, 'cache', { value: { layers: 3, heads: 4, headWidth: 8 } });
    await expect(Decoder.create(model)).rejects.toMatchObject({ code: 'checkpoint' });
  });
});
