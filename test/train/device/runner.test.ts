import { describe, expect, test } from 'vitest';
import { GPT2 } from '#dist/models/index.js';
import { memory } from '#dist/runtime/index.js';
import { DeviceRunner } from '#dist/train/device/runner.js';
import {
  adafactor,
  adamW,
  applyGroups,
  lion,
  muon,
  type Optimizer,
  type ParameterGroup,
  parameterShapes,
  ruleOf,
  type StepOwner,
  StepRunner,
  sgd,
  type TrainingState,
  traceStep,
} from '#dist/train/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { Bigram, scattered, valuesOf } from '../bigram.js';
import { marker, poisonedLoss } from '../poison.js';

const [vocabulary, context, rows] = [13, 8, 4];
const shape = { rows, length: context };
const optimizers: readonly Optimizer[] = [
  adamW({ lr: 0.01 }),
  sgd({ momentum: 0.9, dampening: 0.1, weightDecay: 0.01 }),
  sgd({ lr: 0.05 }),
  sgd({ momentum: 0.9, nesterov: true }),
  lion({ lr: 1e-3 }),
  adafactor({ beta1: 0.9, weightDecay: 0.01 }),
  adafactor({ relative: false, lr: 1e-3 }),
  muon({ weightDecay: 0.1 }),
  muon({ nesterov: false }),
];

interface Case {
  readonly optimizer: Optimizer;
  readonly clip?: number;
  readonly accumulate?: number;
  readonly average?: number;
  readonly groups?: readonly ParameterGroup[];
}

/**
 * Keys' biases move no softmax: their gradients are rounding and nothing else, which optimisers that divide by its size
 * make large.
 */
const withoutNoise: readonly ParameterGroup[] = [{ match: '*.qkv.bias', frozen: true }];

/** The owner, set up: its device is the engine's CPU, so that what differs from the kernels is the graph alone. */
async function start<Owner extends StepOwner>(
  owner: Owner,
  { optimizer, clip = 1, accumulate = 1, average = 0, groups = [] }: Case,
): Promise<Owner> {
  const model = new GPT2({ vocabulary, context, layers: 1, heads: 2, width: 16, seed: 4, dropout: 0.1 });
  const parameters = applyGroups(parameterShapes(model), [...withoutNoise, ...groups]);
  const trained = parameters.filter((p) => !p.frozen);
  const frozen = new Set(parameters.filter((p) => p.frozen).map((p) => p.name));
  await owner.setup({
    program: traceStep(model, { shape, frozen }, {}),
    parameters,
    values: Object.fromEntries([...model.parameters()].map(([name, p]) => [name, (p.value.data as Float32Array).slice()])),
    optimizer,
    optimizerPrograms: ruleOf(optimizer).programs?.(optimizer, trained) ?? [],
    clip,
    accumulate,
    average,
    seed: 3,
  });
  return owner;
}

const batch = (index: number) => ({
  inputs: scattered(vocabulary, 2 * index, rows * context),
  targets: scattered(vocabulary, 2 * index + 1, rows * context),
});
const request = (step: number, accumulate = 1) => ({
  step,
  draw: step,
  factor: 1 / (step + 1),
  batches: Array.from({ length: accumulate }, (_, part) => batch(step * accumulate + part)),
  watch: true,
});

function expectClose(found: TrainingState, wanted: TrainingState, tolerance: number): void {
  const arrays = (state: TrainingState) =>
    Object.entries({ parameters: state.parameters, ...state.optimizer, ...(state.average && { average: state.average }) }).flatMap(
      ([kind, of]) => Object.entries(of).map(([name, values]) => [`${kind} of ${name}`, values] as const),
    );
  const [a, b] = [new Map(arrays(found)), new Map(arrays(wanted))];
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  for (const [name, values] of b) expect(relativeDifference(a.get(name), values), name).toBeLessThan(tolerance);
}

async function expectEqualRuns(settings: Case, steps = 4): Promise<void> {
  const before = memory();
  const cpu = await start(new StepRunner(), settings);
  const device = await start(new DeviceRunner(), settings);
  try {
    expectClose(await device.state(), await cpu.state(), 1e-9);
    for (let step = 0; step < steps; step++) {
      const wanted = await cpu.step(request(step, settings.accumulate));
      const found = await device.step(request(step, settings.accumulate));
      for (const key of ['loss', 'gradientNorm', 'updateRatio'] as const)
        expect(relativeDifference([found[key] ?? Number.NaN], [wanted[key] as number]), `${key} of step ${step}`).toBeLessThan(1e-5);
    }
    expectClose(await device.state(), await cpu.state(), 1e-4);
    expectClose(
      { parameters: await device.parameters({ current: false }), optimizer: {} },
      { parameters: await cpu.parameters({ current: false }), optimizer: {} },
      1e-4,
    );
  } finally {
    await cpu.dispose();
    await device.dispose();
  }
  expect(memory()).toEqual(before);
}

describe('a run on a device gives what the kernels give', () => {
  test.each(optimizers.map((optimizer) => [`${JSON.stringify(optimizer).slice(9, 90)}…`, optimizer] as const))('%s', (_, optimizer) =>
    expectEqualRuns({ optimizer }),
  );

  test.each<[string, Omit<Case, 'optimizer'>]>([
    ['clipped', { clip: 0.1 }],
    ['never clipped', { clip: 0 }],
    ['several passes a step', { accumulate: 3 }],
    ['moving averages', { average: 0.9 }],
    [
      'groups',
      {
        groups: [
          { match: 'tokens.*', rate: 0.1 },
          { match: '*.bias', decays: true },
          { match: 'blocks.0.mlp.*', frozen: true },
        ],
        average: 0.5,
      },
    ],
  ])('%s', (_, more) => expectEqualRuns({ optimizer: adamW({ lr: 0.01 }), ...more }));

  test('gradients and update are the two halves of a step', async () => {
    const settings: Case = { optimizer: adamW({ lr: 0.01 }), accumulate: 2, clip: 0.3 };
    const whole = await start(new DeviceRunner(), settings);
    const halves = await start(new DeviceRunner(), settings);
    const cpu = await start(new StepRunner(), settings);
    try {
      const report = await whole.step(request(0, 2));
      const { report: first, gradients, targets } = await halves.gradients(request(0, 2));
      const wanted = await cpu.gradients(request(0, 2));
      expect(targets).toBe(wanted.targets);
      expect(Object.keys(gradients)).toEqual(Object.keys(wanted.gradients));
      for (const [name, g] of Object.entries(wanted.gradients)) expect(relativeDifference(gradients[name], g), name).toBeLessThan(1e-5);
      expect(first.loss).toBeCloseTo(report.loss, 6);
      const { gradientNorm, updateRatio } = await halves.update({ step: 0, factor: 1, gradients, watch: true });
      expect(gradientNorm).toBeCloseTo(report.gradientNorm, 6);
      expect(updateRatio).toBeCloseTo(report.updateRatio as number, 6);
      expectClose(await halves.state(), await whole.state(), 1e-5);
      await expect(halves.update({ step: 1, factor: 1, gradients: {} })).rejects.toThrow(
        /gradient:tokens.weight: 208 numbers; got none\. /,
      );
    } finally {
      for (const owner of [whole, halves, cpu]) await owner.dispose();
    }
  });

  test('a state that is restored goes on to the bit; one without moments begins them anew', async () => {
    const settings: Case = { optimizer: adamW({ lr: 0.01 }), average: 0.5 };
    const owner = await start(new DeviceRunner(), settings);
    try {
      const first = await owner.state();
      await owner.step(request(0));
      const middle = await owner.state();
      await owner.step(request(1));
      const last = await owner.state();
      await owner.restore(middle);
      await owner.step(request(1));
      expect(await owner.state()).toEqual(last);
      await owner.restore({ parameters: first.parameters, optimizer: {} });
      expect(await owner.state()).toEqual(first);
      await expect(owner.restore({ parameters: {}, optimizer: {} })).rejects.toThrow(/parameter:tokens.weight: 208 numbers; got none/);
      expect(await owner.state()).toEqual(first);
    } finally {
      await owner.dispose();
    }
  });

  test('a step that is not finite changes nothing, and nothing goes on from it but a restored state', async () => {
    const model = new Bigram(7, 4);
    const owner = new DeviceRunner();
    const bad = (isBad: boolean) => {
      const inputs = scattered(6, 1, 8).map((id) => id + 1);
      return { inputs: isBad ? inputs.fill(marker, 0, 1) : inputs, targets: scattered(7, 2, 8) };
    };
    const ask = (step: number, isBad: boolean) => ({ step, draw: step, factor: 1, batches: [bad(isBad)] });
    await owner.setup({
      program: traceStep(model, { shape: { rows: 2, length: 4 }, loss: poisonedLoss }, {}),
      parameters: applyGroups(parameterShapes(model)),
      values: valuesOf(model),
      optimizer: adamW({ lr: 0.1 }),
      optimizerPrograms: [],
      clip: 1,
      accumulate: 1,
      average: 0,
      seed: 0,
    });
    try {
      await owner.step(ask(0, false));
      const good = await owner.state();
      const refusal = /^training step 1: a finite loss and gradient; got loss Infinity, gradient norm /;
      await expect(owner.step(ask(1, true))).rejects.toThrow(refusal);
      await expect(owner.step(ask(2, false))).rejects.toThrow(refusal);
      await expect(owner.state()).rejects.toThrow(refusal);
      expect(await owner.parameters({ current: true })).toEqual(good.parameters);
      await owner.restore(good);
      await owner.step(ask(1, false));
      expect(await owner.state()).not.toEqual(good);
    } finally {
      await owner.dispose();
    }
  });
});
