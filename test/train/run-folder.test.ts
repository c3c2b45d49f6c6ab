import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endTokenIds, readSafetensors, writeSafetensors } from '#dist/checkpoints/index.js';
import { HeadlightError, HostArray } from '#dist/core/index.js';
import { GPT2 } from '#dist/models/index.js';
import { trainBpe, trainCharacterTokenizer } from '#dist/tokenizers/index.js';
import {
  adafactor,
  loadRecord,
  loadRun,
  muon,
  type Optimizer,
  saveRun,
  sgd,
  type TrainerRecord,
  type TrainOptions,
  train,
} from '#dist/train/index.js';
import { madeData, scattered } from './bigram.js';

const vocabulary = 11;
const config = { vocabulary, context: 8, layers: 2, heads: 2, width: 8, seed: 1 };
const data = madeData((i, rows, length) => ({
  inputs: scattered(vocabulary, 2 * i, rows * length),
  targets: scattered(vocabulary, 2 * i + 1, rows * length),
}));
const settings = { lr: 0.1, name: '“ü”', data: { hash: 'x' } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function saved(optimizer: Optimizer = sgd(), more: Partial<TrainOptions> = {}) {
  const model = new GPT2(config);
  const { point } = await train(model, { data, steps: 3, batch: 2, optimizer, inThread: true, ...more });
  const { state, ...place } = point;
  const record: TrainerRecord = { ...place, settings, bestValLoss: 1.25, bestStep: 2 };
  await saveRun(folder, model, undefined, { record, state });
  return { model, point, record };
}

/** Writes the state again with another record. */
async function withRecord(text: string | undefined, more: Record<string, HostArray> = {}, without = ''): Promise<void> {
  const path = join(folder, 'optimizer.safetensors');
  const file = await readSafetensors(path);
  const tensors: Record<string, HostArray> = {};
  for (const name of file.names) if (name !== without) tensors[name] = await file.load(name);
  const { slots = '' } = file.metadata;
  await file.close();
  await writeSafetensors(path, { ...tensors, ...more }, { slots, ...(text !== undefined && { trainer: text }) });
}

/** The one line that loading ends with. */
async function refusal(): Promise<string> {
  const error = await loadRun(folder, new GPT2(config)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(HeadlightError);
  const { message } = error as HeadlightError;
  expect(message).not.toContain('\n');
  return message;
}

describe('a run folder', () => {
  test.each([
    ['moments of rows and columns', adafactor({ beta1: 0.9 })],
    ['momentum of some and moments of others', muon()],
    ['nothing', sgd()],
  ])('gives back what was put in, to the bit: %s remembered, with an average and frozen parameters', async (_, optimizer) => {
    const { point, record } = await saved(optimizer, { average: 0.9, groups: [{ match: 'positions.*', frozen: true }] });
    const loaded = await loadRun(folder, new GPT2({ ...config, seed: 2 }));
    expect(loaded).toEqual({ record, point });
    expect(await loadRecord(folder)).toEqual(record);
    expect(JSON.parse(await readFile(join(folder, 'trainer.json'), 'utf8'))).toEqual(record);
  });

  test('holds the averaged model, and the trained values beside it', async () => {
    const { model, point } = await saved(sgd({ lr: 1 }), { average: 0.9 });
    const file = await readSafetensors(join(folder, 'optimizer.safetensors'));
    const [now, average] = [await file.load('parameter.tokens.weight'), await file.load('average.tokens.weight')];
    await file.close();
    expect(average.data).toEqual(model.tokens.weight.value.data);
    expect(now.data).toEqual(point.state.parameters['tokens.weight']);
    expect(now.data).not.toEqual(average.data);
  });

  test.each([
    ['wider', { width: 16 }, /parameter\.\S+ of shape \[\S+\]; got \[\S+\]\. It is the state of another model/],
    ['deeper', { layers: 3 }, /the tensor parameter\.blocks\.2\.\S+ of shape \[\S+\]; got none\. It is the state of another model/],
    ['shallower', { layers: 1 }, /parameters of this model only; got parameter\.blocks\.1\.\S+ It is the state of another model/],
    ['of another vocabulary', { vocabulary: 12 }, /parameter\.tokens\.weight of shape \[12,8\]; got \[11,8\]/],
  ])('is refused by a model that is %s', async (_, other, message) => {
    await saved();
    await expect(loadRun(folder, new GPT2({ ...config, ...other }))).rejects.toThrow(message);
  });

  test.each([
    ['none', undefined],
    ['no JSON', '{"step": 3'],
    ['null', 'null'],
    ['no steps', '{"skipped":0,"losses":[],"settings":{}}'],
    ['a negative step', '{"step":-1,"skipped":0,"losses":[],"settings":{}}'],
    ['losses that are no numbers', '{"step":3,"skipped":0,"losses":[1,null],"settings":{}}'],
    ['no settings', '{"step":3,"skipped":0,"losses":[],"settings":null}'],
  ])('with a damaged record (%s) is refused in one line', async (_, text) => {
    await saved();
    await withRecord(text);
    expect(await refusal()).toMatch(
      /optimizer\.safetensors: a "trainer" record with step, skipped, losses and settings in its metadata; got .*\. Go on from another checkpoint of the run\.$/,
    );
  });

  test('with a damaged state is refused in one line', async () => {
    const { record } = await saved(adafactor());
    const text = JSON.stringify(record);
    await withRecord(text, {}, 'parameter.norm.bias');
    expect(await refusal()).toMatch(/the tensor parameter\.norm\.bias of shape \[8\]; got none/);
    await withRecord(text, { 'parameter.norm.bias': new HostArray(new Int32Array(8), [8], 'int32') });
    expect(await refusal()).toMatch(/parameter\.norm\.bias in F32, as training writes it; got I32/);
    await truncate(join(folder, 'optimizer.safetensors'), 1000);
    expect(await refusal()).toMatch(/optimizer\.safetensors/);
    await rm(join(folder, 'optimizer.safetensors'));
    expect(await refusal()).toMatch(/optimizer\.safetensors/);
    await appendFile(join(folder, 'optimizer.safetensors'), 'not a checkpoint at all');
    expect(await refusal()).toMatch(/optimizer\.safetensors/);
  });

  test('whose slots lack a part is refused by the run that goes on', async () => {
    const { record } = await saved(adafactor());
    await withRecord(JSON.stringify(record), {}, 'row_moment.tokens.weight');
    const { point } = await loadRun(folder, new GPT2(config));
    const again = train(new GPT2(config), { data, steps: 5, batch: 2, optimizer: adafactor(), inThread: true, resume: point });
    await expect(again).rejects.toThrow(/training storage, row_moment of tokens\.weight: 11 numbers; got none\. /);
  });
});

test('texts of a model end where its tokenizer says, and nowhere where it says nothing', async () => {
  const tokenizer = await trainBpe('the cat and the hat', { size: 260, specialTokens: ['<|pad|>', '<|endoftext|>'] });
  await saveRun(folder, new GPT2({ ...config, vocabulary: 260 }), tokenizer);
  expect(await endTokenIds(folder)).toEqual([tokenizer.idOf('<|endoftext|>')]);
  expect(await endTokenIds(folder)).toHaveLength(1);
  await saveRun(folder, new GPT2(config), trainCharacterTokenizer('abc'));
  expect(await endTokenIds(folder)).toEqual([]);
});
