import { appendFileSync, cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { RunKeeper } from '#dist/cli/train/keeper.js';
import type { TrainingPlan } from '#dist/cli/train/plan.js';
import { completeSettings } from '#dist/cli/train/settings.js';
import { HostArray } from '#dist/core/index.js';
import { GPT2 } from '#dist/models/index.js';
import { CharacterTokenizer } from '#dist/tokenizers/index.js';
import { loadRun } from '#dist/train/index.js';
import { temporaryFolder } from './command.js';

const here = temporaryFolder();
const size = { vocabulary: 3, context: 4, layers: 1, heads: 1, width: 4 };

function planFor(folder: string): TrainingPlan {
  const ids = new Int32Array(20);
  return {
    model: new GPT2(size),
    tokenizer: new CharacterTokenizer(['a', 'b', 'c']),
    data: { train: ids, validation: ids },
    dataRecord: { source: 'none', hash: '', vocabulary: 3 },
    settings: completeSettings({}),
    folder,
  };
}

/** Keeps a model whose every number is the step, with a validation loss. */
async function keep(keeper: RunKeeper, plan: TrainingPlan, step: number, valLoss: number): Promise<void> {
  const parameters: Record<string, Float32Array> = {};
  for (const [name, p] of plan.model.parameters()) {
    const values = new Float32Array(p.value.data.length).fill(step);
    parameters[name] = values;
    p.value = new HostArray(values, p.shape, 'float32');
  }
  await keeper.keep({ step, trainLoss: 1, valLoss }, { parameters, optimizer: { first_moment: parameters } }, {});
}

/** The step that a saved model is of. */
async function stepOf(folder: string): Promise<number | undefined> {
  const [first] = (await loadModel(folder)).parameters().values();
  return first?.value.at(0, 0);
}

test('the last model is in the folder, the best in `best` where that is another', async () => {
  const folder = join(here, 'run');
  const plan = planFor(folder);
  const keeper = await RunKeeper.open(plan);
  await keep(keeper, plan, 1, 3);
  expect(existsSync(join(folder, 'best'))).toBe(false);
  expect(keeper.bestFolder).toBe(folder);

  await keep(keeper, plan, 2, 4);
  await keep(keeper, plan, 3, 3.5);
  expect([await stepOf(folder), await stepOf(join(folder, 'best'))]).toEqual([3, 1]);
  expect([keeper.best, keeper.bestFolder]).toEqual([3, join(folder, 'best')]);

  await keep(keeper, plan, 4, 2);
  expect([await stepOf(folder), existsSync(join(folder, 'best'))]).toEqual([4, false]);

  await keep(keeper, plan, 5, Number.NaN);
  expect([await stepOf(folder), await stepOf(join(folder, 'best'))]).toEqual([5, 4]);
});

test('a resumed run forgets metrics of steps to come, mends the model beside its state, and knows its best', async () => {
  const folder = join(here, 'resumed');
  const plan = planFor(folder);
  const first = await RunKeeper.open(plan);
  await keep(first, plan, 1, 3);
  const { record, state } = await loadRun(folder, plan.model);
  // As if it had been killed while it saved step 2: metrics and model are there, the state is not.
  const later = planFor(join(here, 'later'));
  await keep(await RunKeeper.open(later), later, 2, 5);
  cpSync(join(here, 'later/model.safetensors'), join(folder, 'model.safetensors'));
  appendFileSync(join(folder, 'metrics.jsonl'), '{"step":2,"valLoss":5}\n{"step":3,"val');

  for (const [name, p] of plan.model.parameters()) p.value = new HostArray(state.parameters[name] as Float32Array, p.shape, 'float32');
  const resumed = { ...plan, resume: { step: record.step, state, bestValLoss: record.bestValLoss } };
  const keeper = await RunKeeper.open(resumed);
  expect(await stepOf(folder)).toBe(1);
  expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8')).toBe('{"step":1,"trainLoss":1,"valLoss":3}\n');
  await keep(keeper, resumed, 2, 5);
  expect([await stepOf(folder), await stepOf(join(folder, 'best'))]).toEqual([2, 1]);
});
