import { afterAll, describe, expect, test } from 'vitest';
import { type HostArray, host } from '#dist/core/index.js';
import { beamSearch, generateAll, generateBatchAll, logProbability, nextTokens, Targets } from '#dist/generate/index.js';
import { Transformer } from '#dist/models/index.js';
import type { Tensor } from '#dist/ops/index.js';
import { compile, memory } from '#dist/runtime/index.js';
import { givenValues } from '../attention/prove.js';
import { expectNoMoreMemory } from '../support/no-more-memory.js';

const made: { dispose(): Promise<void> }[] = [];
afterAll(() => Promise.all(made.map((m) => m.dispose())));

const start = 1;
const sources = [[3, 1, 4, 1, 5], [2], [6, 5, 4, 3, 2, 1, 0, 6, 6]];

describe.each([
  ['pre', 4],
  ['post', 2],
] as const)('norm %s, %i key heads', (norm, kvHeads) => {
  const model = givenValues(
    new Transformer({
      sourceVocabulary: 7,
      targetVocabulary: 11,
      layers: 1,
      decoderLayers: 2,
      width: 16,
      heads: 4,
      kvHeads,
      norm,
      tied: false,
    }),
  );
  const whole = compile((source: Tensor, target: Tensor) => model.forward(source, target));
  made.push(whole);

  /** Logits of what follows a target, everything computed anew. */
  const recomputed = async (source: readonly number[], target: readonly number[]): Promise<Float32Array> => {
    const ids = (list: readonly number[]): HostArray => host([[...list]], { dtype: 'int32' });
    return ((await whole(ids(source), ids(target))).data as Float32Array).slice(-11);
  };
  const argmax = (logits: Float32Array): number => logits.indexOf(Math.max(...logits));

  test('decoding is full recomputation, greedy or sampled, source after source with the same programs', async () => {
    const targets = await Targets.of(model);
    made.push(targets);
    await targets.read(sources[0] as number[]);
    const reader = await nextTokens(targets);
    made.push(reader);
    const first: number[] = [];
    for (const source of sources) {
      await targets.read(source);
      for (const temperature of [0, 3]) {
        reader.reset();
        const { newIds, logprobs } = await generateAll(reader, [start], { maxNewTokens: 6, temperature });
        const ids = [start];
        for (const [i, id] of newIds.entries()) {
          const logits = await recomputed(source, ids);
          if (temperature === 0) expect(id).toBe(argmax(logits));
          expect(logprobs[i]).toBeCloseTo(logProbability(logits, id), 4);
          ids.push(id);
        }
        // So hot, the tokens are not all the same.
        if (temperature > 0) expect(new Set(newIds).size).toBeGreaterThan(2);
        else first.push(logprobs[0] as number);
      }
    }
    expect(new Set(first).size).toBe(sources.length);
  });

  test('prompts of several tokens, in a batch', async () => {
    const targets = await Targets.of(model);
    made.push(targets);
    await targets.read(sources[0] as number[]);
    const options = { maxNewTokens: 4, temperature: 0 };
    const prompts = [[start, 5, 2], [start], [4, 4]];
    const together = await generateBatchAll(targets, prompts, options);
    for (const [i, prompt] of prompts.entries()) {
      const alone = await generateAll(targets, prompt, options);
      expect(together[i]?.newIds).toEqual(alone.newIds);
      expect(alone.newIds[0]).toBe(argmax(await recomputed(sources[0] as number[], prompt)));
    }
  });

  test('beam search scores by the model’s own probabilities, and finds no worse than greedy', async () => {
    const targets = await Targets.of(model);
    made.push(targets);
    const source = sources[2] as number[];
    await targets.read(source);
    const beams = await beamSearch(targets, [start], { beams: 3, maxNewTokens: 5, lengthPenalty: 0 });
    expect(beams).toHaveLength(3);
    for (const { newIds, logprobs } of beams) {
      const ids = [start];
      for (const [i, id] of newIds.entries()) {
        expect(logprobs[i]).toBeCloseTo(logProbability(await recomputed(source, ids), id), 4);
        ids.push(id);
      }
    }
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
    const greedy = await generateAll(targets, [start], { maxNewTokens: 5, temperature: 0 });
    expect(beams[0]?.score).toBeGreaterThanOrEqual(sum(greedy.logprobs) - 1e-4);
  });

  test('patterns of cross-attention are over the source, captured while decoding', async () => {
    const targets = await Targets.of(model);
    made.push(targets);
    await targets.read(sources[0] as number[]);
    const reader = await nextTokens(targets, { capture: '*_attention.pattern' });
    made.push(reader);
    for (const ids of [[start, 2], [3]]) await reader.append(ids);
    const seen = reader.captured?.() ?? {};
    expect(seen['decoder.blocks.1.cross_attention.pattern']?.shape).toEqual([1, 4, 1, 5]);
    expect(seen['decoder.blocks.1.self_attention.pattern']?.shape).toEqual([1, 4, 1, 3]);
  });
});

test('the model keeps its names, and memory is given back', async () => {
  const before = memory();
  const model = new Transformer({ sourceVocabulary: 7, targetVocabulary: 11, layers: 1, width: 8, heads: 2 });
  const targets = await Targets.of(model);
  await targets.read([1, 2]);
  await generateAll(targets, [start], { maxNewTokens: 2, temperature: 0 });
  expect(model.path).toBe('');
  expect(model.parameters().get('encoder.blocks.0.mlp.up.weight')?.name).toBe('encoder.blocks.0.mlp.up.weight');
  expect(targets.parameters().size).toBe(0);
  await targets.dispose();
  expectNoMoreMemory(before);
});

test('what cannot be is refused', async () => {
  const model = new Transformer({ sourceVocabulary: 7, targetVocabulary: 11, layers: 1, width: 8, heads: 2 });
  const targets = await Targets.of(model);
  made.push(targets);
  await expect(generateAll(targets, [start], { maxNewTokens: 1 })).rejects.toThrow('Targets: a source; got none. Call read first.');
  await expect(targets.read([])).rejects.toThrow(/at least one token/);
  await expect(targets.read([7])).rejects.toThrow(/token ids are whole numbers from 0 to 6; got 7 at position 0/);
  await targets.read([6]);
  await expect(generateAll(targets, [11], { maxNewTokens: 1 })).rejects.toThrow(/from 0 to 10; got 11/);
});
