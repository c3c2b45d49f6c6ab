import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { asTrainingData, ignored } from '#dist/datasets/index.js';
import { GPT2, Llama } from '#dist/models/index.js';
import type { Parameter } from '#dist/ops/index.js';
import { memory } from '#dist/runtime/index.js';
import { adamW, applyGroups, parameterShapes, type Recovery, StepRunner, sgd, type TrainOptions, train } from '#dist/train/index.js';
import { planLanes, traceLanes } from '#dist/train/lanes.js';
import { startLane } from '#dist/train/worker/lane-thread.node.js';
import { remoteLane } from '#dist/train/worker/remote-lane.js';
import { madeData, scattered } from './bigram.js';
import { hashesOf } from './hashes.js';

const config = { vocabulary: 40, context: 64, layers: 1, heads: 2, width: 128 };
const rows = 12;
const step = { shape: { rows, length: config.context } };
const text = scattered(config.vocabulary, 5, 40_000);

/** On a machine with one core there is one worker however many threads are asked for. */
const hasTwo = availableParallelism() > 1;

describe.skipIf(!hasTwo)('what goes wrong', () => {
  const marker = config.vocabulary - 1;
  const plain = text.map((id) => Math.min(id, marker - 1));
  /** A Llama whose stream is infinite where one token stands, which only the last row of the second draw has. */
  const broken = (options: Partial<TrainOptions>) => {
    const model = new Llama({ vocabulary: 40, context: 64, layers: 1, heads: 2, width: 128, tied: false, seed: 3 });
    expect(planLanes(model, step, { threads: 2 }, 2).workers).toBe(2);
    const table = model.parameters().get('tokens.weight') as Parameter;
    (table.value.data as Float32Array).fill(Number.POSITIVE_INFINITY, marker * config.width);
    const size = rows * config.context;
    const batches = () => (index: number) => {
      const inputs = plain.slice(index * size, (index + 1) * size);
      if (index === 1) inputs[size - 1] = marker;
      return { inputs, targets: plain.slice(index * size + 1, (index + 1) * size + 1) };
    };
    const data = { ...asTrainingData({ train: plain, validation: plain.subarray(0, 600) }), batches };
    return train(model, { data, batch: rows, steps: 3, optimizer: sgd({ lr: 0.01 }), ...options });
  };

  test('in the second lane alone: the step is not taken, and what broke is named', async () => {
    const taken: number[] = [];
    const failing = broken({ threads: 2, onStep: (report) => void taken.push(report.step) });
    await expect(failing).rejects.toThrow(/training step 1.*tokens\.weight/);
    expect(taken).toEqual([0]);
  });

  test('a rollback takes both workers back to the same numbers', async () => {
    const states = [];
    for (const threads of [1, 2]) {
      const recoveries: Recovery[] = [];
      const { point } = await broken({
        threads,
        inThread: threads === 1,
        saveEvery: 1,
        guard: { onFault: 'rollback' },
        onRecovery: (recovery) => void recoveries.push(recovery),
      });
      expect(recoveries).toMatchObject([{ kind: 'fault', action: 'rollback', step: 1, from: 1 }]);
      expect(point).toMatchObject({ step: 3, skipped: 1 });
      states.push(hashesOf(point.state));
    }
    expect(states[1]).toEqual(states[0]);
  });

  test('a lane that dies is an error, told to all who wait for it', async () => {
    const thread = startLane();
    const lane = remoteLane(thread);
    const waiting = lane.compute({ draw: 0, work: [] }); // not set up: an error of its own
    await expect(waiting).rejects.toThrow();
    await lane.dispose();
    await expect(lane.reduce()).rejects.toThrow(/a run that is not disposed/);
  });

  test('a second worker that cannot be set up: its error is told, and all is let go', async () => {
    const model = new GPT2({ ...config, seed: 3 });
    const before = memory();
    const runner = new StepRunner();
    const { program } = traceLanes(model, step, {}, planLanes(model, step, { threads: 2 }, 2));
    let asked = 0;
    const setup = {
      program,
      parameters: applyGroups(parameterShapes(model)),
      values: Object.fromEntries([...model.parameters()].map(([name, p]) => [name, Float32Array.from(p.value.data as Float32Array)])),
      optimizer: adamW({ lr: 1e-3 }),
      optimizerPrograms: [],
      clip: 1,
      accumulate: 1,
      lanes: 2 as const,
      workers: 2 as const,
      average: 0,
      seed: 0,
      // What cannot be cloned for another thread: read by the first worker as it is.
      get engine(): never {
        return (asked++ === 0 ? undefined : { refused: () => {} }) as never;
      },
    };
    await expect(runner.setup(setup)).rejects.toThrow(/could not be cloned/);
    await runner.dispose();
    expect(memory()).toEqual(before);
  });
});

test.each([1, 2])('what grew in rows of the second lane alone is named where the loss leaps (threads: %i)', async (threads) => {
  const model = new Llama({ ...config, tied: false, seed: 3 });
  expect(planLanes(model, { ...step, hasIgnored: true }, { threads }, 2).lanes).toBe(2);
  const half = (rows * config.context) / 2;
  // Only the second half has something to learn: the embedding of one token, which the first half has not.
  const data = madeData(
    (_, count, length) => {
      const inputs = new Int32Array(count * length).fill(1, half);
      return { inputs, targets: new Int32Array(count * length).fill(ignored, 0, half).fill(2, half) };
    },
    { hasIgnored: true, evaluation: () => [] },
  );
  const parameters = Object.fromEntries(
    [...model.parameters()].map(([name, p]) => [name, Float32Array.from(p.value.data as Float32Array)]),
  );
  const losses = Array.from({ length: 60 }, () => 0.01);
  const leaping = train(model, {
    data,
    threads,
    batch: rows,
    steps: 1,
    optimizer: sgd({ lr: 1000 }),
    groups: [
      { match: '*', frozen: true },
      { match: 'tokens.weight', frozen: false },
    ],
    guard: { onSpike: 'stop' },
    resume: { step: 0, skipped: 0, losses, state: { parameters, optimizer: {} } },
  });
  await expect(leaping).rejects.toThrow(/^training step 0: a loss near .*; embed is the first site that grew/);
});
