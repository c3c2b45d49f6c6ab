import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ConvolutionalLanguageModel, GPT2, RecurrentLanguageModel } from '#dist/models/index.js';
import { adamW, muon, type RunPoint, type TrainOptions, train, trainingMemory } from '#dist/train/index.js';
import { laneOf } from '#dist/train/lane-of.js';
import { planLanes } from '#dist/train/lanes.js';
import { nextTokenLoss } from '#dist/train/step-program.js';
import { layOut } from '#dist/train/storage.js';
import { sharesOf } from '#dist/train/worker/share.js';
import { scattered } from './bigram.js';
import { hashesOf } from './hashes.js';

const config = { vocabulary: 40, context: 64, layers: 1, heads: 2, width: 128 };
const rows = 12;
const modelOf = (dropout = 0): GPT2 => new GPT2({ ...config, dropout, seed: 3 });
const step = { shape: { rows, length: config.context } };

describe('how a pass is computed', () => {
  const plan = (shape = step.shape, options = {}, threads = 0, cores = 2) =>
    planLanes(modelOf(), { shape, ...options }, { threads }, cores);

  test('in two lanes of half of the rows where that pays, with a worker each where there are threads', () => {
    const half = { rows: 6, length: 64 };
    expect(plan()).toEqual({ lanes: 2, workers: 2, shape: half, threads: 1 });
    expect(plan(step.shape, {}, 2, 8)).toEqual({ lanes: 2, workers: 2, shape: half, threads: 1 });
    expect(plan(step.shape, {}, 0, 8)).toEqual({ lanes: 2, workers: 2, shape: half, threads: 4 });
    expect(plan(step.shape, {}, 5, 8)).toEqual({ lanes: 2, workers: 2, shape: half, threads: 2 });
  });

  test('whether in lanes does not depend on the machine, nor on the threads', () => {
    expect(plan(step.shape, {}, 1, 8)).toMatchObject({ lanes: 2, workers: 1, threads: 1 });
    expect(plan(step.shape, {}, 0, 1)).toMatchObject({ lanes: 2, workers: 1, threads: 0 });
  });

  test('whole: an odd number of rows, little to do, a loss of one’s own, a device, a very large model', () => {
    expect(plan({ rows: 11, length: 64 })).toEqual({ lanes: 1, workers: 1, shape: { rows: 11, length: 64 }, threads: 0 });
    expect(plan({ rows: 2, length: 64 }).lanes).toBe(1);
    expect(plan(step.shape, { loss: nextTokenLoss }).lanes).toBe(1);
    expect(plan(step.shape, { whole: true }).lanes).toBe(1);
    const small = new GPT2({ vocabulary: 8, context: 64, layers: 1, heads: 1, width: 16 });
    expect(planLanes(small, step, {}, 2).lanes).toBe(1);
    const large = { parameterCount: 2 ** 26 + 1 } as GPT2;
    expect(planLanes(large, step, {}, 2).lanes).toBe(1);
    const loop = new RecurrentLanguageModel({ cell: 'lstm', vocabulary: 40, context: 64, layers: 1, width: 160 });
    expect(planLanes(loop, step, {}, 2).lanes).toBe(1);
    const taps = new ConvolutionalLanguageModel({ vocabulary: 40, context: 64, layers: 2, width: 160, kernel: 3 });
    expect(planLanes(taps, step, {}, 2).lanes).toBe(2);
  });

  test('as it is asked for: whole whatever it is, or in lanes where they may be but would not pay', () => {
    expect(plan(step.shape, { lanes: 1 })).toEqual({ lanes: 1, workers: 1, shape: step.shape, threads: 0 });
    expect(plan({ rows: 2, length: 64 }, { lanes: 2 })).toEqual({ lanes: 2, workers: 2, shape: { rows: 1, length: 64 }, threads: 1 });
    expect(plan(step.shape, { lanes: 0 })).toEqual(plan());
    expect(plan(step.shape, { lanes: 2, whole: true }).lanes).toBe(1);
    const rule = "^train: two lanes of an even number of rows, without batch norms or a loss of one's own; got";
    expect(() => plan({ rows: 11, length: 64 }, { lanes: 2 })).toThrow(new RegExp(`${rule} 11 rows\\. Leave lanes out\\.$`));
    expect(() => plan(step.shape, { lanes: 2, loss: nextTokenLoss })).toThrow(new RegExp(`${rule} a loss of one's own\\.`));
  });

  test('a lane’s rows are the batch’s, in order', () => {
    const batch = { inputs: Int32Array.from({ length: 8 }, (_, i) => i), targets: Int32Array.of(10, 11, 12, 13) };
    expect(laneOf(batch, 0, 1)).toBe(batch);
    expect(laneOf(batch, 0, 2)).toEqual({ inputs: Int32Array.of(0, 1, 2, 3), targets: Int32Array.of(10, 11) });
    expect(laneOf(batch, 1, 2)).toEqual({ inputs: Int32Array.of(4, 5, 6, 7), targets: Int32Array.of(12, 13) });
  });

  test('two workers take 16 bytes a parameter more, and no less for activations', () => {
    const memoryOf = (threads: number) => trainingMemory(modelOf(), { ...step, optimizer: adamW(), threads });
    const [one, two] = [memoryOf(1), memoryOf(2)];
    const P = modelOf().parameterCount;
    expect(two.activations).toBe(2 * one.activations);
    // One worker has room for the first lane's gradients, 4 bytes; two, besides parameters and gradients, for an update.
    expect((two.storage - one.storage) / P).toBeGreaterThan(11);
    expect((two.storage - one.storage) / P).toBeLessThan(14);
    const whole = trainingMemory(modelOf(), { ...step, optimizer: adamW(), threads: 2, lanes: 1 });
    expect(whole.storage / P).toBeGreaterThan(16);
    expect((one.storage - whole.storage) / P).toBeCloseTo(4, 1);
    const masked = (threads: number) =>
      trainingMemory(modelOf(0.1), { ...step, optimizer: adamW(), threads }).storage - memoryOf(threads).storage;
    expect(masked(2)).toBe(2 * masked(1));
  });
});

const text = scattered(config.vocabulary, 5, 40_000);

type RunOptions = Partial<TrainOptions> & { readonly dropout?: number };

/** A short run, and all that is left of it. One worker is this thread, which is there already, unless it is said otherwise. */
async function run(threads: number, { dropout, ...options }: RunOptions) {
  const model = modelOf(dropout);
  const reports: object[] = [];
  const points: RunPoint[] = [];
  const { point, valLoss } = await train(model, {
    data: { train: text.subarray(0, 30_000), validation: text.subarray(30_000, 30_600) },
    batch: rows,
    steps: 4,
    optimizer: adamW({ lr: 3e-3 }),
    watchEvery: 2,
    seed: 11,
    inThread: threads === 1,
    ...options,
    threads,
    onStep: ({ loss, gradientNorm, updateRatio }) => void reports.push({ loss, gradientNorm, updateRatio }),
    onSave: async (saved) => void points.push(await saved.point()),
  });
  return { reports, valLoss, state: hashesOf(point.state), points };
}

/** On a machine with one core there is one worker however many threads are asked for. */
const hasTwo = availableParallelism() > 1;

describe.skipIf(!hasTwo)('a run in lanes has the same bits with one worker and with two', () => {
  const expectSame = async (options: RunOptions) => {
    const [one, two] = [await run(1, options), await run(2, options)];
    expect(two.state).toEqual(one.state);
    expect(two.valLoss).toBeCloseTo(one.valLoss, 8);
    expect(two.reports).toEqual(one.reports);
    expect(one.reports).toHaveLength(4);
    return [one, two] as const;
  };
  const cases: [string, RunOptions][] = [
    ['plainly, in threads of their own', { inThread: false }],
    ['with passes that add up', { batch: 24, microBatch: 12, dropout: 0.1 }],
    ['with frozen parameters', { groups: [{ match: 'blocks.0.mlp.*', frozen: true }] }],
    ['with an optimiser that the engine runs', { optimizer: muon() }],
    ['with gradients handed out and taken back', { onGradients: (gradients) => gradients }],
  ];
  test.each(cases)('%s', async (_, options) => void (await expectSame(options)));

  test('with dropout and averages, and goes on from a state of either', async () => {
    const options = { dropout: 0.2, average: 0.9, saveEvery: 2 };
    const [one, two] = await expectSame(options);
    for (const [threads, { points }] of [
      [2, one],
      [1, two],
    ] as const) {
      expect(points[0]?.step).toBe(2);
      const resumed = await run(threads, { ...options, resume: points[0] as RunPoint });
      expect(resumed.state).toEqual(one.state);
    }
  });
});

describe('shares of the parameters', () => {
  const shares = (...sizes: number[]) =>
    sharesOf(
      layOut({
        parameters: sizes.map((size, i) => placed(`p${i}`, size)),
        slots: () => ({}),
        scratch: () => 0,
        masks: [],
        accumulates: false,
        averages: false,
      }),
    ).map(({ names }) => [...names].join(' '));
  const placed = (name: string, size: number) => ({ name, shape: [size], frozen: false, rate: 1, decays: true });

  test('are cut nearest to the middle, and one may be empty', () => {
    expect(shares(80, 960, 560)).toEqual(['p0 p1', 'p2']);
    expect(shares(16, 16, 16, 16)).toEqual(['p0 p1', 'p2 p3']);
    expect(shares(900, 100, 100)).toEqual(['p0', 'p1 p2']);
    expect(shares(5)).toEqual(['p0', '']);
    expect(shares(100, 9000)).toEqual(['p0', 'p1']);
  });
});
