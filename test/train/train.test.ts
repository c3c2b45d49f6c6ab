import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { splitTokens } from '#dist/datasets/split.js';
import { GPT2 } from '#dist/models/index.js';
import { memory } from '#dist/runtime/index.js';
import { trainCharacterTokenizer } from '#dist/tokenizers/index.js';
import { adamW, cosine, nextTokenLoss, type TrainOptions, train } from '#dist/train/index.js';
import { expectNoMoreMemory } from '../support/no-more-memory.js';

const text = generateStories({ seed: 1, characters: 20_000 });
const tokenizer = trainCharacterTokenizer(text);
const data = splitTokens(tokenizer.encodeToArray(text), { context: 16 });
const make = (dropout = 0) => new GPT2({ vocabulary: tokenizer.size, context: 16, layers: 2, heads: 2, width: 32, seed: 1, dropout });
const base: TrainOptions = { data, steps: 30, batch: 4, seed: 7, optimizer: adamW({ lr: 3e-3 }) };
/** A digest of every bit: short, for what a failure prints. */
function bits(m: GPT2): string {
  const hash = createHash('sha256');
  for (const p of m.parameters().values()) hash.update(p.value.data as Float32Array);
  return hash.digest('hex');
}

describe('train', () => {
  test('learns, and leaves the trained values in the model', async () => {
    const model = make();
    const before = bits(model);
    const losses: number[] = [];
    const result = await train(model, { ...base, steps: 120, onStep: (r) => losses.push(r.loss) });
    expect(losses).toHaveLength(120);
    expect(losses[0]).toBeGreaterThan(3);
    expect(result.valLoss).toBeLessThan((losses[0] as number) - 0.8);
    expect(result.parameters).toBe(model.parameterCount);
    expect(bits(model)).not.toBe(before);
  });

  test('the same bits in a worker, in this thread, with 1 thread and with 2', async () => {
    const runs = await Promise.all(
      [{}, { inThread: true }, { threads: 1 }, { threads: 2 }].map(async (options) => {
        const model = make(0.2);
        const { valLoss } = await train(model, { ...base, ...options });
        return [valLoss, bits(model)];
      }),
    );
    for (const run of runs) expect(run).toEqual(runs[0]);
  });

  test('a run that stops and resumes ends with the bits of one that did not', async () => {
    const whole = make(0.2);
    const schedule = cosine({ warmup: 5, steps: 30 });
    await train(whole, { ...base, schedule });
    const parts = make(0.2);
    const first = await train(parts, { ...base, schedule, steps: 13 });
    const fresh = make(0.2);
    await train(fresh, { ...base, schedule, resume: first.point });
    expect(bits(fresh)).toBe(bits(whole));
  });

  test('accumulation: passes over equal windows are one pass over them', async () => {
    // Every window of this text is the same, so a step of four passes of one window is a step of one pass of four.
    const ids = new Int32Array(400).fill(3);
    const same = { train: ids, validation: ids.slice(0, 40) };
    const norms: number[][] = [];
    for (const microBatch of [4, 1]) {
      const seen: number[] = [];
      await train(make(), { ...base, data: same, steps: 5, microBatch, onStep: (r) => seen.push(r.loss, r.gradientNorm) });
      norms.push(seen);
    }
    norms[0]?.forEach((x, i) => {
      expect(norms[1]?.[i]).toBeCloseTo(x, 5);
    });
  });

  test('dropout draws anew in every pass: a step of two passes is the mean of two steps of one', async () => {
    const ids = new Int32Array(400).fill(3);
    const same = { train: ids, validation: ids.slice(0, 40) };
    const lossesOf = async (model: GPT2, options: Partial<TrainOptions>): Promise<number[]> => {
      const losses: number[] = [];
      // Nothing learns: what differs between steps is dropout alone.
      await train(model, { ...base, data: same, groups: [{ match: '*', rate: 0 }], onStep: (r) => losses.push(r.loss), ...options });
      return losses;
    };
    const apart = await lossesOf(make(0.3), { steps: 6, batch: 1 });
    expect(new Set(apart).size).toBe(6);
    expect(new Set(await lossesOf(make(), { steps: 6, batch: 1 })).size).toBe(1);
    const together = await lossesOf(make(0.3), { steps: 3, batch: 2, microBatch: 1 });
    together.forEach((loss, i) => {
      expect(loss).toBeCloseTo(((apart[2 * i] as number) + (apart[2 * i + 1] as number)) / 2, 5);
    });
  });

  test('a loss that is not finite stops the run before it reaches the parameters', async () => {
    const model = make();
    const before = bits(model);
    const failing = train(model, { ...base, loss: (m, { inputs }) => m.forward(inputs).sum().mul(1e38).mul(1e38) });
    await expect(failing).rejects.toThrow(/check at loss: every value is finite; got Infinity/);
    expect(bits(model)).toBe(before);
  });

  test('an aborted run stops after the step under way', async () => {
    const controller = new AbortController();
    const result = await train(make(), {
      ...base,
      steps: 1000,
      signal: controller.signal,
      onStep: (r) => {
        if (r.step === 4) controller.abort();
      },
    });
    expect(result.stopped).toBe(true);
    expect(result.step).toBeGreaterThanOrEqual(5);
    expect(result.step).toBeLessThan(10);
  });

  test('nothing is held afterwards', async () => {
    const before = memory();
    await train(make(), { ...base, steps: 3, inThread: true });
    expectNoMoreMemory(before);
  });

  test('the main thread does not stop for longer than 50 ms after the first step', { retry: 3 }, async () => {
    // Another process may take the core away for longer than that: so it may be tried again.
    const model = new GPT2({ vocabulary: tokenizer.size, context: 64, layers: 4, heads: 4, width: 128 });
    const longer = splitTokens(tokenizer.encodeToArray(text), { context: 64 });
    let last: number | undefined;
    let longest = 0;
    const tick = (): void => {
      const now = performance.now();
      if (last !== undefined) longest = Math.max(longest, now - last);
      last = now;
    };
    const timer = setInterval(() => last !== undefined && tick(), 1);
    await train(model, { data: longer, steps: 24, batch: 12, evalEvery: 10, onStep: () => tick(), onEvaluation: () => tick() });
    clearInterval(timer);
    expect(longest).toBeLessThan(50);
  });

  test('what cannot be is refused', async () => {
    await expect(train(make(), { ...base, microBatch: 3 })).rejects.toThrow(
      /micro-batch that divides the batch; got batch 4, microBatch 3/,
    );
    expect(() => adamW({ lr: -1 })).toThrow(/lr is a finite number above 0; got -1/);
  });

  test.each([
    [{ steps: 0 }, 'steps is a whole number from 1; got 0'],
    [{ batch: 2.5 }, 'batch is a whole number from 1; got 2.5'],
    [{ evalEvery: -1 }, 'evalEvery is a whole number, 0 for none; got -1'],
    [{ saveEvery: 0.5 }, 'saveEvery is a whole number, 0 for none; got 0.5'],
    [{ seed: 1.5 }, 'seed is a whole number from 0; got 1.5'],
    [{ clip: -1 }, 'clip is at least 0, 0 for never; got -1'],
    [{ average: 1 }, 'average is a decay from 0 to below 1, 0 for none; got 1'],
    [{ lanes: 3 as 2 }, 'lanes is 1 or 2, 0 for as it suits; got 3'],
    [{ labelSmoothing: 0.1, loss: nextTokenLoss }, 'label smoothing with the default loss; got a loss of its own too'],
  ] as [Partial<TrainOptions>, string][])('%o is refused', async (options, message) => {
    await expect(train(make(), { ...base, ...options })).rejects.toThrow(`train: ${message}`);
  });
});
