import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { textData } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import {
  adafactor,
  adamW,
  cosine,
  lion,
  loadRun,
  muon,
  type Optimizer,
  type RunPoint,
  saveRun,
  sgd,
  type TrainOptions,
  train,
} from '#dist/train/index.js';
import { scattered } from './bigram.js';
import { markedData, marker, poisonedLoss } from './poison.js';

const vocabulary = 17;
const make = (seed = 1) => new GPT2({ vocabulary, context: 8, layers: 2, heads: 2, width: 16, dropout: 0.2, seed });
const ids = scattered(vocabulary, 5, 600);
const data = textData({ train: ids, validation: ids.slice(0, 60) }, { order: 'shuffled' });
const steps = 11;
const base: TrainOptions = {
  data,
  steps,
  batch: 4,
  microBatch: 2,
  seed: 9,
  average: 0.7,
  labelSmoothing: 0.1,
  evalEvery: 4,
  saveEvery: 1,
  schedule: cosine({ warmup: 3, steps }),
  inThread: true,
};

/** Everything that a run leaves: its end, what it reported, and the values in its model. */
async function runOf(options: TrainOptions) {
  // The values that a resumed model begins with must not matter.
  const model = make(options.resume ? 2 : 1);
  const points: RunPoint[] = [];
  const reports: { readonly at: number; readonly numbers: readonly number[] }[] = [];
  const result = await train(model, {
    ...options,
    onStep: ({ step, loss, gradientNorm, lr }) => reports.push({ at: step, numbers: [loss, gradientNorm, lr] }),
    onEvaluation: ({ step, trainLoss, valLoss }) => void reports.push({ at: step, numbers: [trainLoss, valLoss] }),
    onSave: async (run) => void points.push(await run.point()),
  });
  const values = [...model.parameters()].map(([, p]) => p.value.data);
  return { points, reports, end: { point: result.point, trainLoss: result.trainLoss, valLoss: result.valLoss, values } };
}

/** From the step on that comes after `done` steps; not the evaluation that came before it. */
function reportsFrom<R extends { readonly at: number; readonly numbers: readonly number[] }>(reports: readonly R[], done: number): R[] {
  return reports.slice(reports.findIndex(({ at, numbers }) => at === done && numbers.length === 3));
}

// Within and at the end of the warm-up, at an evaluation and after it, before the end: of AdamW all, of the others one early and one late.
const optimizers: [string, Optimizer, readonly number[]][] = [
  ['AdamW', adamW({ lr: 3e-3 }), [1, 2, 3, 4, 5, 8, 10]],
  ['SGD with momentum', sgd({ lr: 0.1, momentum: 0.9, nesterov: true }), [1, 6]],
  ['SGD without', sgd({ lr: 0.1 }), [1, 6]],
  ['Lion', lion({ lr: 1e-3 }), [1, 6]],
  ['Adafactor', adafactor({ beta1: 0.9 }), [1, 6]],
  ['Muon', muon({ lr: 0.01 }), [1, 6]],
];

describe('a run that goes on from a save ends with the bits of one that was not broken off', () => {
  test.each(optimizers)('%s, with dropout, accumulation, shuffling and an average', async (_, optimizer, from) => {
    const whole = await runOf({ ...base, optimizer });
    expect(whole.points.map((p) => p.step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    for (const step of from) {
      const resume = whole.points[step - 1] as RunPoint;
      const kept = structuredClone(resume);
      const again = await runOf({ ...base, optimizer, resume });
      expect(resume).toEqual(kept); // the caller's arrays stay the caller's
      expect(again.end).toEqual(whole.end);
      expect(again.reports).toEqual(reportsFrom(whole.reports, step));
    }
    expect((await runOf({ ...base, optimizer, seed: 10 })).end.values).not.toEqual(whole.end.values);
  });

  test('through a folder, in a worker', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headlight-resume-'));
    try {
      const optimizer = adafactor();
      const whole = await runOf({ ...base, optimizer, inThread: false });
      const { state, ...record } = whole.points[4] as RunPoint;
      await saveRun(folder, make(), undefined, { record: { ...record, settings: {}, bestValLoss: null, bestStep: -1 }, state });
      const { point } = await loadRun(folder, make());
      expect((await runOf({ ...base, optimizer, inThread: false, resume: point })).end).toEqual(whole.end);
      expect(point.state).toEqual(state); // the worker was given copies
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('also after batches were skipped', async () => {
    // Batch 3 of a pass each: in step 3, saved at 2.
    const marked = { ...base, labelSmoothing: 0, microBatch: 4, data: markedData(vocabulary, [3]), loss: poisonedLoss, saveEvery: 2 };
    const whole = await runOf({ ...marked, guard: { onFault: 'rollback' } });
    expect(marker).toBeLessThan(vocabulary);
    expect(whole.end.point).toMatchObject({ step: steps, skipped: 2 });
    const after = whole.points.filter((p) => p.skipped > 0);
    expect(after.map((p) => p.step)).toEqual([2, 4, 6, 8, 10, 11]); // 2: saved again after the rollback to it
    for (const resume of after.slice(0, 3)) expect((await runOf({ ...marked, resume })).end).toEqual(whole.end);
  });

  test('a run that is at its end stays there', async () => {
    const whole = await runOf(base);
    const again = await runOf({ ...base, resume: whole.end.point });
    expect(again.end).toEqual(whole.end);
  });

  test('a state of another optimiser is refused', async () => {
    const { points } = await runOf({ ...base, steps: 1, optimizer: lion() });
    await expect(runOf({ ...base, optimizer: adamW(), resume: points[0] as RunPoint })).rejects.toThrow(
      /first_moment of tokens.weight: 272 numbers; got none\. They must be of this model and this optimiser/,
    );
  });
});
