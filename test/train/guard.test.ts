import { describe, expect, test } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import type { TrainingData } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import { adamW, constant, type Recovery, type RunPoint, sgd, type TrainOptions, train } from '#dist/train/index.js';
import { Bigram, madeData, scattered } from './bigram.js';
import { markedData, poisonedLoss } from './poison.js';

const vocabulary = 11;
const make = () => new GPT2({ vocabulary, context: 8, layers: 1, heads: 2, width: 8, seed: 1 });
const base = { steps: 12, batch: 2, saveEvery: 3, schedule: constant(), optimizer: adamW({ lr: 3e-3 }), inThread: true };

/** Trains and keeps what is told on the way, also where it fails. */
async function runOf(data: TrainingData, options: Partial<TrainOptions>, model: GPT2 | Bigram = make()) {
  const points: RunPoint[] = [];
  const recoveries: Recovery[] = [];
  const steps: number[] = [];
  const result = await train(model, {
    ...base,
    data,
    ...options,
    onStep: ({ step }) => steps.push(step),
    onSave: async (run) => void points.push(await run.point()),
    onRecovery: (recovery) => void recoveries.push(recovery),
  }).catch((error: unknown) => error as HeadlightError);
  const values = [...model.parameters()].map(([, p]) => p.value.data);
  return { result, points, recoveries, steps, values };
}

const step = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('a loss that is not finite', () => {
  const faulty = { loss: poisonedLoss };

  test.each([true, false])('stops the run, names the first site, and leaves the last point (in this thread: %s)', async (inThread) => {
    const { result, points, recoveries, steps } = await runOf(markedData(vocabulary, [7]), { ...faulty, inThread });
    expect(result).toBeInstanceOf(HeadlightError);
    expect(result).toMatchObject({ code: 'numeric', path: 'poison' });
    expect((result as HeadlightError).message).toMatch(/^training step 7, check at poison: every value is finite; got Infinity/);
    expect(steps).toEqual(step(0, 7));
    expect(points.map((p) => p.step)).toEqual([3, 6]);
    expect(recoveries).toEqual([]);
    // What was saved before is that of a run without the fault.
    const clean = await runOf(markedData(vocabulary, []), { ...faulty, inThread });
    expect(points).toEqual(clean.points.slice(0, 2));
  });

  test('rolls back to the last good point and goes on with other batches', async () => {
    const drawn: number[] = [];
    const { result, recoveries, steps, values } = await runOf(markedData(vocabulary, [7], drawn), {
      ...faulty,
      guard: { onFault: 'rollback' },
    });
    expect(steps).toEqual([...step(0, 7), ...step(6, 12)]);
    expect(recoveries).toEqual([
      {
        kind: 'fault',
        action: 'rollback',
        step: 7,
        from: 6,
        reason: expect.stringMatching(/^training step 7, check at poison: every value is finite/),
      },
    ]);
    expect(result).toMatchObject({ step: 12, stopped: false, point: { skipped: 2 } });
    expect(drawn.filter((i) => i > 8)).toEqual(step(9, 14));
    // The same bits as where batches 6 and 7 never were.
    const clean = markedData(vocabulary, []);
    const without = { ...clean, batches: (shape: never, seed: number) => (i: number) => clean.batches(shape, seed)(i < 6 ? i : i + 2) };
    const other = await runOf(without as TrainingData, faulty);
    expect(other.values).toEqual(values);
    expect(result).toMatchObject({ trainLoss: (other.result as { trainLoss: number }).trainLoss });
  });

  test('before anything is saved, it goes back to the beginning', async () => {
    const { result, recoveries } = await runOf(markedData(vocabulary, [1]), { ...faulty, guard: { onFault: 'rollback' } });
    expect(recoveries).toMatchObject([{ step: 1, from: 0 }]);
    expect(result).toMatchObject({ step: 12, point: { skipped: 2 } });
  });

  test('every fault behind a new point counts anew', async () => {
    const { result, recoveries } = await runOf(markedData(vocabulary, [1, 7, 11]), {
      ...faulty,
      guard: { onFault: 'rollback', rollbacks: 1 },
    });
    expect(recoveries.map(({ step, from }) => [step, from])).toEqual([
      [1, 0],
      [5, 3], // draw 7 after two that were skipped
      [6, 6], // draw 11 after five; nothing but it is lost
    ]);
    expect(result).toMatchObject({ step: 12, point: { skipped: 6 } });
  });

  test('that comes again and again ends the run after three rollbacks', async () => {
    const { result, recoveries, points } = await runOf(
      markedData(vocabulary, (i) => i >= 7),
      { ...faulty, guard: { onFault: 'rollback' } },
    );
    expect(result).toBeInstanceOf(HeadlightError);
    expect((result as HeadlightError).message).toMatch(
      /^train: a run that recovers within 3 rollbacks to step 6; got training step 6, check at poison: .*\. Lower the learning rate\.$/,
    );
    expect((result as HeadlightError).code).toBe('numeric');
    expect(recoveries.map(({ step, from }) => [step, from])).toEqual([
      [7, 6],
      [6, 6],
      [6, 6],
    ]);
    expect(points.at(-1)?.step).toBe(6);
  });

  test('of a learning rate that is far too high: names what broke', async () => {
    const { result } = await runOf(markedData(vocabulary, []), { optimizer: sgd({ lr: 1e30 }), clip: 0 });
    expect(result).toMatchObject({ code: 'numeric' });
    expect((result as HeadlightError).message).toMatch(
      /^training step 1, check at (blocks\.0\.|embed|final_norm|logits|tokens)\S*: every (value|parameter) is finite; got (NaN|-?Infinity)/,
    );
  });

  test('an error that is not about numbers is never rolled back', async () => {
    const data = markedData(vocabulary, []);
    const failing = {
      ...data,
      batches: () => (i: number) => (i === 5 ? Promise.reject(new Error('the disk is gone')) : data.batches({ rows: 2, length: 8 }, 0)(i)),
    };
    const { result, steps } = await runOf(failing, { guard: { onFault: 'rollback', onSpike: 'rollback' } });
    expect((result as Error).message).toBe('the disk is gone');
    expect(steps).toEqual(step(0, 5));
  });

  test.each([-1, 0.5])('%d rollbacks are refused', async (rollbacks) => {
    expect(((await runOf(markedData(vocabulary, []), { guard: { rollbacks } })).result as Error).message).toBe(
      `train: guard.rollbacks is a whole number from 0; got ${rollbacks}.`,
    );
  });
});

describe('a loss that leaps', () => {
  /** Each token is followed by the next; where the batch is garbage, by the one five on. */
  const counting = (isGarbage: (index: number) => boolean): TrainingData =>
    madeData((index, rows, length) => {
      const inputs = scattered(vocabulary, index, rows * length);
      return { inputs, targets: inputs.map((id) => (id + (isGarbage(index) ? 5 : 1)) % vocabulary) };
    });
  const learned = { steps: 80, batch: 4, saveEvery: 10, optimizer: adamW({ lr: 0.5, weightDecay: 0 }) };
  const runOn = (isGarbage: (index: number) => boolean, guard?: TrainOptions['guard']) =>
    runOf(counting(isGarbage), { ...learned, ...(guard && { guard }) }, new Bigram(vocabulary, 8));

  test('is reported, and the run goes on as if nothing were', async () => {
    const { result, recoveries, steps } = await runOn((i) => i === 65);
    expect(steps).toEqual(step(0, 80));
    expect(recoveries).toHaveLength(1);
    expect(recoveries[0]).toMatchObject({ kind: 'spike', action: 'report', step: 65 });
    const { loss, mean } = recoveries[0]?.spike ?? { loss: 0, mean: 0 };
    expect(loss).toBeGreaterThan(mean + 2);
    expect(result).toMatchObject({ step: 80, point: { skipped: 0 } });
  });

  test('stops the run where that is wanted', async () => {
    const { result, points, steps } = await runOn((i) => i === 65, { onSpike: 'stop' });
    expect((result as HeadlightError).message).toMatch(/^training step 65: a loss near the last ones' [\d.]+ ± [\d.]+; got \d+\.\d+\. /);
    expect(result).toMatchObject({ code: 'numeric' });
    expect(steps.at(-1)).toBe(65);
    expect(points.at(-1)?.step).toBe(60);
  });

  test('is rolled back where that is wanted: the batches since the last good point are skipped', async () => {
    const { result, recoveries, steps, values } = await runOn((i) => i === 65, { onSpike: 'rollback' });
    expect(recoveries).toMatchObject([{ kind: 'spike', action: 'rollback', step: 65, from: 60 }]);
    expect(steps).toEqual([...step(0, 66), ...step(60, 80)]);
    expect(result).toMatchObject({ step: 80, point: { skipped: 6 } });
    const clean = counting(() => false);
    const without = { ...clean, batches: (shape: never, seed: number) => (i: number) => clean.batches(shape, seed)(i < 60 ? i : i + 6) };
    expect((await runOf(without as TrainingData, learned, new Bigram(vocabulary, 8))).values).toEqual(values);
  });

  test('is known for one by a run that goes on, from the losses it was saved with', async () => {
    const isGarbage = (i: number): boolean => i === 65;
    const { points, recoveries } = await runOn(isGarbage);
    const resume = points.find((p) => p.step === 60) as RunPoint;
    const again = await runOf(counting(isGarbage), { ...learned, resume }, new Bigram(vocabulary, 8));
    expect(again.recoveries).toEqual(recoveries);
  });

  test('is still known for one after a rollback, and ends the run the fourth time', async () => {
    const { result, recoveries } = await runOn((i) => i >= 65, { onSpike: 'rollback' });
    expect(recoveries.map(({ step, from }) => [step, from])).toEqual([
      [65, 60],
      [60, 60],
      [60, 60],
    ]);
    expect((result as HeadlightError).message).toMatch(
      /^train: a run that recovers within 3 rollbacks to step 60; got training step 60: a loss near/,
    );
  });
});
