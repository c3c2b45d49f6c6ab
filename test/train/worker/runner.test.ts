import { afterEach, describe, expect, test } from 'vitest';
import { memory } from '#dist/runtime/index.js';
import { adamW, applyGroups, parameterShapes, StepRunner, traceStep } from '#dist/train/index.js';
import { Bigram, scattered, valuesOf } from '../bigram.js';
import { marker, poisonedLoss } from '../poison.js';

const [vocabulary, context, rows] = [7, 4, 2];
const shape = { rows, length: context };
const before = memory();
let runner = new StepRunner();
afterEach(async () => {
  await runner.dispose();
  expect(memory()).toEqual(before);
});

/** A batch of tokens other than the marker, but for the first of a bad one. */
const batch = (index: number, isBad = false) => {
  const inputs = scattered(vocabulary - 1, index, rows * context).map((id) => id + 1);
  return { inputs: isBad ? inputs.fill(marker, 0, 1) : inputs, targets: scattered(vocabulary, index + 1, rows * context) };
};
const request = (step: number, isBad = false) => ({ step, draw: step, factor: 1, batches: [batch(step, isBad)] });

async function start(): Promise<Bigram> {
  const model = new Bigram(vocabulary, context);
  runner = new StepRunner();
  await runner.setup({
    program: traceStep(model, { shape, loss: poisonedLoss }, {}),
    parameters: applyGroups(parameterShapes(model)),
    values: valuesOf(model),
    optimizer: adamW({ lr: 0.1 }),
    optimizerPrograms: [],
    clip: 1,
    accumulate: 1,
    average: 0.5,
    seed: 0,
  });
  return model;
}

describe('the owner of a run’s numbers', () => {
  test('updates nothing from a step that is not finite, nor from those behind it, until a state is restored', async () => {
    await start();
    await runner.step(request(0));
    const good = await runner.state();
    const refusal = /^training step 1: a finite loss and gradient; got loss Infinity, gradient norm [\d.]+\. /;
    await expect(runner.step(request(1, true))).rejects.toThrow(refusal);
    for (const call of [() => runner.step(request(2)), () => runner.gradients(request(2)), () => runner.state()])
      await expect(call()).rejects.toThrow(refusal);
    await expect(runner.update({ step: 2, factor: 1, gradients: good.parameters })).rejects.toThrow(refusal);
    expect(await runner.parameters({ current: true })).toEqual(good.parameters);
    expect(await runner.parameters({ current: false })).toEqual(good.average);
    await runner.restore(good);
    expect(await runner.state()).toEqual(good);
    const again = await runner.step(request(2));
    expect(again.step).toBe(2);
    expect(await runner.parameters({ current: true })).not.toEqual(good.parameters);
  });

  test('a state without moments or average begins them anew', async () => {
    const model = await start();
    const first = await runner.state();
    await runner.step(request(0));
    const after = await runner.state();
    expect(after).not.toEqual(first);
    await runner.restore({ parameters: valuesOf(model), optimizer: {} });
    expect(await runner.state()).toEqual(first);
    await runner.step(request(0));
    expect(await runner.state()).toEqual(after);
  });

  test('gradients and update are the two halves of a step', async () => {
    await start();
    const { report, gradients, targets } = await runner.gradients(request(0));
    expect(targets).toBe(1); // passes, with a loss of one's own
    const { milliseconds, gradientNorm } = await runner.update({ step: 0, factor: 1, gradients });
    expect(gradientNorm).toBeCloseTo(report.gradientNorm, 6);
    expect(milliseconds).toBeGreaterThan(0);
    const halves = await runner.state();
    await runner.dispose();
    await start();
    await runner.step(request(0));
    expect(await runner.state()).toEqual(halves);
  });

  test('is no use before it is set up, or after it is disposed', async () => {
    runner = new StepRunner();
    await expect(runner.state()).rejects.toMatchObject({ code: 'disposed' });
    await start();
    await runner.dispose();
    await runner.dispose();
    await expect(runner.step(request(0))).rejects.toThrow(/training: a run that is set up and not disposed/);
  });

  test('asks for a program once, and says which is missing', async () => {
    await start();
    await expect(runner.run({ key: 'evaluation 2x4', batch: batch(0) })).rejects.toThrow(
      /a program for each key, sent once; got evaluation 2x4/,
    );
  });
});
