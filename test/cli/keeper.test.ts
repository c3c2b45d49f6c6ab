import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { RunKeeper } from '#dist/cli/train/keeper.js';
import type { TrainingPlan } from '#dist/cli/train/plan.js';
import { completeSettings, type SettingFlags } from '#dist/cli/train/settings.js';
import { HostArray } from '#dist/core/index.js';
import { asTrainingData } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import { CharacterTokenizer } from '#dist/tokenizers/index.js';
import { loadRun } from '#dist/train/index.js';
import { temporaryFolder } from './command.js';

const here = temporaryFolder();
const size = { vocabulary: 3, context: 4, layers: 1, heads: 1, width: 4 };

function planFor(folder: string, settings: SettingFlags = {}): TrainingPlan {
  const ids = new Int32Array(20);
  return {
    model: new GPT2(size),
    tokenizer: new CharacterTokenizer(['a', 'b', 'c']),
    data: asTrainingData({ train: ids, validation: ids }),
    dataRecord: { sources: ['none'], hashes: [''], tokenizer: '', vocabulary: 3 },
    settings: completeSettings(settings),
    folder,
    isNew: true,
    prompt: [0],
  };
}

/** Judges and keeps a model whose every number is the step, with a validation loss. */
async function keep(keeper: RunKeeper, plan: TrainingPlan, step: number, valLoss: number): Promise<void> {
  const parameters: Record<string, Float32Array> = {};
  for (const [name, p] of plan.model.parameters()) {
    const values = new Float32Array(p.value.data.length).fill(step);
    parameters[name] = values;
    p.value = new HostArray(values, p.shape, 'float32');
  }
  await keeper.judge({ step, trainLoss: 1, valLoss });
  const state = { parameters, optimizer: { first_moment: parameters } };
  await keeper.keep({ step, evaluation: undefined, point: async () => ({ step, skipped: 0, losses: [1], state }) });
}

/** The step that a saved model is of. */
async function stepOf(folder: string): Promise<number | undefined> {
  const [first] = (await loadModel(folder)).parameters().values();
  return first?.value.at(0, 0);
}

test('the last model is in the folder, the best in `best`', async () => {
  const folder = join(here, 'run');
  const plan = planFor(folder);
  const keeper = await RunKeeper.open(plan);
  expect((await loadRun(folder, new GPT2(size))).point).toMatchObject({ step: 0, skipped: 0, losses: [] });
  expect(keeper.bestFolder).toBe(folder);
  await keep(keeper, plan, 1, 3);
  expect(keeper.bestFolder).toBe(folder);

  await keep(keeper, plan, 2, 4);
  await keep(keeper, plan, 3, 3.5);
  expect([await stepOf(folder), await stepOf(join(folder, 'best'))]).toEqual([3, 1]);
  expect([keeper.best, keeper.bestFolder]).toEqual([3, join(folder, 'best')]);

  await keep(keeper, plan, 4, 2);
  expect([await stepOf(folder), await stepOf(join(folder, 'best')), keeper.bestFolder]).toEqual([4, 4, folder]);

  await keep(keeper, plan, 5, Number.NaN);
  expect([await stepOf(folder), await stepOf(join(folder, 'best'))]).toEqual([5, 4]);
});

test('checkpoints of their own, the newest of them', async () => {
  const folder = join(here, 'rotated');
  const plan = planFor(folder, { saveEvery: 1, keepEvery: 2, keep: 2 });
  const keeper = await RunKeeper.open(plan);
  for (let step = 1; step <= 8; step++) await keep(keeper, plan, step, 1);
  expect(readdirSync(join(folder, 'checkpoints')).sort()).toEqual(['step-6', 'step-8']);
  expect(await stepOf(join(folder, 'checkpoints/step-6'))).toBe(6);
  expect((await loadRun(join(folder, 'checkpoints/step-6'), new GPT2(size))).point.step).toBe(6);
});

test('a resumed run mends the model beside its state, and knows its best', async () => {
  const folder = join(here, 'resumed');
  const plan = planFor(folder);
  const first = await RunKeeper.open(plan);
  await keep(first, plan, 1, 3);
  const { record, point } = await loadRun(folder, plan.model);
  // As if it had been killed while it saved step 2: the model is there, the state is not.
  const later = planFor(join(here, 'later'));
  await keep(await RunKeeper.open(later), later, 2, 5);
  cpSync(join(here, 'later/model.safetensors'), join(folder, 'model.safetensors'));
  mkdirSync(join(folder, 'checkpoints'));
  mkdirSync(join(folder, 'checkpoints/.step-2.0123456789ab.tmp'));

  for (const [name, p] of plan.model.parameters())
    p.value = new HostArray(point.state.parameters[name] as Float32Array, p.shape, 'float32');
  const { bestValLoss, bestStep } = record;
  const resumed: TrainingPlan = { ...plan, isNew: false, resume: { point, bestValLoss, bestStep, from: folder } };
  const keeper = await RunKeeper.open(resumed);
  expect(await stepOf(folder)).toBe(1);
  expect(readdirSync(join(folder, 'checkpoints'))).toEqual([]);
  await keep(keeper, resumed, 2, 5);
  expect([await stepOf(folder), await stepOf(join(folder, 'best'))]).toEqual([2, 1]);
});
