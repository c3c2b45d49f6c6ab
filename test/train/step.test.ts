import { describe, expect, test } from 'vitest';
import { ignored, type TokenBatch } from '#dist/datasets/index.js';
import { adamW, constant, type Gradients, sgd, type TrainOptions, type TrainReport, train } from '#dist/train/index.js';
import { largestDifference, relativeDifference } from '../support/arrays.js';
import { Bigram, type BigramValues, bigramStep, madeData, scattered, valuesOf } from './bigram.js';

const [vocabulary, context] = [9, 6];
/** Each row is ignored from a place of its own on: 0 targets count in the first, all in the seventh. */
const ragged = (index: number, rows: number, length: number): TokenBatch => ({
  inputs: scattered(vocabulary, 2 * index, rows * length),
  targets: scattered(vocabulary, 2 * index + 1, rows * length).map((id, at) => {
    const row = index * rows + Math.floor(at / length);
    return at % length < row % 7 ? id : ignored;
  }),
});
const data = madeData(ragged, {
  hasIgnored: true,
  evaluation: ({ rows, length }) => [{ ...ragged(1, rows, length), count: rows, length }],
});
const lr = 0.3;
const base: TrainOptions = { data, steps: 1, batch: 4, clip: 0, schedule: constant(), optimizer: sgd({ lr }), inThread: true };

interface Watched {
  readonly reports: TrainReport[];
  readonly gradients: Gradients[];
  readonly counts: number[];
  readonly after: { table: Float32Array; bias: Float32Array };
}

/** Trains a bigram model and keeps what every step reports and computes. */
async function watched(options: TrainOptions): Promise<Watched> {
  const model = new Bigram(vocabulary, context);
  const reports: TrainReport[] = [];
  const gradients: Gradients[] = [];
  const counts: number[] = [];
  await train(model, {
    ...options,
    onStep: (report) => reports.push(report),
    onGradients: (found, _, targets) => {
      gradients.push(structuredClone(found));
      counts.push(targets);
      return found;
    },
  });
  return { reports, gradients, counts, after: valuesOf(model) };
}

const first = (): BigramValues => valuesOf(new Bigram(vocabulary, context));
const passes = (rows: number, from: number, count: number): TokenBatch[] =>
  Array.from({ length: count }, (_, i) => ragged(from + i, rows, context));

describe('loss and gradients of a step', () => {
  test.each([
    ['one pass', { batch: 4 }, passes(4, 0, 1)],
    ['four passes with 0, 1, 2 and 3 targets that count', { batch: 4, microBatch: 1 }, passes(1, 0, 4)],
    ['two passes, smoothed labels', { batch: 6, microBatch: 3, labelSmoothing: 0.2 }, passes(3, 0, 2)],
    ['labels smoothed to nothing else', { batch: 4, labelSmoothing: 1 }, passes(4, 0, 1)],
  ])('%s: the mean over all targets that count, as in float64', async (_, options: Partial<TrainOptions>, batches) => {
    const expected = bigramStep(first(), batches, options.labelSmoothing);
    const { reports, gradients, counts } = await watched({ ...base, ...options });
    expect(reports[0]?.loss).toBeCloseTo(expected.loss, 5);
    expect(counts).toEqual([expected.count]);
    expect(relativeDifference(gradients[0]?.table, expected.table)).toBeLessThan(1e-5);
    expect(relativeDifference(gradients[0]?.bias, expected.bias)).toBeLessThan(1e-5);
    expect(reports[0]?.gradientNorm).toBeCloseTo(expected.norm, 6);
  });

  test('passes with unequal counts are one pass over all of them, step after step', async () => {
    // Batch i of 4 rows holds the rows of batches 4i … 4i + 3 of one row.
    const rows = (index: number, count: number): TokenBatch => {
      const parts = Array.from({ length: count }, (_, r) => ragged(index * count + r, 1, context));
      const joined = (name: 'inputs' | 'targets'): Int32Array => Int32Array.from(parts.flatMap((p) => [...p[name]]));
      return { inputs: joined('inputs'), targets: joined('targets') };
    };
    const same = madeData((index, count) => rows(index, count), { hasIgnored: true, evaluation: data.evaluation });
    const [whole, apart] = [
      await watched({ ...base, data: same, steps: 5 }),
      await watched({ ...base, data: same, steps: 5, microBatch: 1 }),
    ];
    apart.reports.forEach((r, i) => {
      expect(r.loss).toBeCloseTo(whole.reports[i]?.loss as number, 5);
      expect(r.gradientNorm).toBeCloseTo(whole.reports[i]?.gradientNorm as number, 5);
    });
    expect(largestDifference(apart.after.table, whole.after.table)).toBeLessThan(1e-5);
    expect(largestDifference(apart.after.table, first().table)).toBeGreaterThan(1e-2);
  });

  test('a step with nothing to predict is refused', async () => {
    const nothing = madeData((i, rows, length) => ({ ...ragged(i, rows, length), targets: new Int32Array(rows * length).fill(ignored) }), {
      hasIgnored: true,
    });
    await expect(watched({ ...base, data: nothing })).rejects.toThrow(
      'training step 0: a batch with something to predict; got ignored targets only.',
    );
  });

  test.each([-0.1, 1.1, Number.NaN])('label smoothing of %d is refused', async (labelSmoothing) => {
    await expect(train(new Bigram(vocabulary, context), { ...base, labelSmoothing })).rejects.toThrow(
      `label smoothing from 0 to 1; got ${labelSmoothing}`,
    );
  });
});

describe('the update', () => {
  test.each([0.05, 0.2, 10, 0])('a clip of %d is clip_grad_norm_’s: g · min(1, clip/(‖g‖ + 1e-6))', async (clip) => {
    const before = first();
    const { table, bias, norm } = bigramStep(before, passes(4, 1, 1));
    expect(norm).toBeGreaterThan(0.2);
    const from1 = madeData((i, rows, length) => ragged(i + 1, rows, length), { hasIgnored: true });
    const factor = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
    const expected = Float64Array.from(before.table, (x, i) => x - lr * factor * (table[i] as number));
    const expectedBias = Float64Array.from(before.bias, (x, i) => x - lr * factor * (bias[i] as number));
    for (const onGradients of [undefined, (g: Gradients) => g]) {
      const model = new Bigram(vocabulary, context);
      const reported: number[] = [];
      await train(model, {
        ...base,
        data: from1,
        clip,
        ...(onGradients && { onGradients }),
        onStep: (r) => reported.push(r.gradientNorm),
      });
      expect(largestDifference(valuesOf(model).table, expected)).toBeLessThan(3e-7);
      expect(largestDifference(valuesOf(model).bias, expectedBias)).toBeLessThan(3e-7);
      expect(reported[0]).toBeCloseTo(norm, 6); // before clipping
    }
  });

  test('the update ratio is ‖Δθ‖/‖θ‖ over all that is trained, every so many steps', async () => {
    const states: BigramValues[] = [];
    const reports: TrainReport[] = [];
    const model = new Bigram(vocabulary, context);
    await train(model, {
      ...base,
      steps: 6,
      watchEvery: 2,
      saveEvery: 1,
      optimizer: adamW({ lr: 0.02 }),
      onStep: (r) => reports.push(r),
      onSave: async (run) => void states.push((await run.point()).state.parameters as unknown as BigramValues),
    });
    const flat = (v: BigramValues): number[] => [...Array.from(v.table), ...Array.from(v.bias)];
    const size = (v: readonly number[]): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
    const all = [first(), ...states].map(flat);
    expect(reports.map((r) => r.updateRatio !== undefined)).toEqual([true, false, true, false, true, false]);
    for (const { step, updateRatio } of reports) {
      if (updateRatio === undefined) continue;
      const before = all[step] as number[];
      expect(updateRatio).toBeCloseTo(size((all[step + 1] as number[]).map((x, i) => x - (before[i] as number))) / size(before), 6);
    }
  });

  test('the average is the decayed sum of the weights, and is judged and kept in their place', async () => {
    const decay = 0.8;
    const states: { parameters: BigramValues; average: BigramValues }[] = [];
    const model = new Bigram(vocabulary, context);
    const { valLoss, point } = await train(model, {
      ...base,
      steps: 12,
      saveEvery: 1,
      average: decay,
      onSave: async (run) => {
        states.push((await run.point()).state as never);
        expect(valuesOf(model)).toEqual(states.at(-1)?.average);
      },
    });
    expect(states).toHaveLength(12);
    const expected = Float64Array.from(first().table);
    for (const { parameters, average } of states) {
      expected.set(expected.map((x, i) => decay * x + (1 - decay) * (parameters.table[i] as number)));
      expect(largestDifference(average.table as Float32Array, expected)).toBeLessThan(1e-6);
    }
    expect(largestDifference(valuesOf(model).table, point.state.parameters.table)).toBeGreaterThan(1e-3);
    expect(valuesOf(model)).toEqual(point.state.average);
    expect(valLoss).toBeCloseTo(bigramStep(valuesOf(model), [ragged(1, 682, context)]).loss, 5);
  });
});
