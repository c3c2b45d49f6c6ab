import { files } from '#files';
import { readSafetensors, saveModel, writeSafetensors } from '../checkpoints/index.js';
import { fail, HostArray } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { saveTokenizer, specialTokensOf, type Tokenizer } from '../tokenizers/index.js';
import type { RunPoint } from './options.js';
import type { TrainingState } from './worker/protocol.js';

const trainerFile = 'trainer.json';
const stateFile = 'optimizer.safetensors';
/** The metadata key under which the state file holds its record. */
const recordKey = 'trainer';

const otherModel = 'It is the state of another model: take the settings from its folder';

/** How far the run is, and the settings that decide what comes next. */
export interface TrainerRecord extends Omit<RunPoint, 'state'> {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly bestValLoss: number | null;
  /** The step of the best model; −1 for none yet. */
  readonly bestStep: number;
}

/**
 * Writes a run folder: the model as Hugging Face lays it out, its tokenizer, and what resuming needs. Generated texts end with
 * the tokens `ends`, by default with the tokenizer's `eos_token`.
 *
 * Several files cannot be replaced at one moment, so what a resumed run reads is one file, `optimizer.safetensors`:
 * parameters, what the optimiser remembers, and the record together, written whole or not at all. (After `--from` the model's
 * own files are read too, for what it is.) A kill between files
 * leaves the state of one step; only the other files, for people and other programs, may be of the step before.
 * `trainer.json` shows the record to people.
 */
export async function saveRun(
  folder: string,
  model: LanguageModel,
  tokenizer: Tokenizer | undefined,
  run?: { readonly record: TrainerRecord; readonly state: TrainingState },
  ends: readonly number[] = [],
): Promise<void> {
  if (tokenizer !== undefined) await saveTokenizer(folder, tokenizer);
  const end = tokenizer?.idOf(specialTokensOf(tokenizer.configJson).eos_token ?? '');
  await saveModel(folder, model, { endIds: ends.length > 0 ? ends : end === undefined ? [] : [end] });
  if (run === undefined) return;
  const { optimizer, parameters, average } = run.state;
  const shapes = new Map([...model.parameters()].map(([name, p]) => [name, p.shape]));
  const tensors: Record<string, HostArray> = {};
  const put = (group: string, values: Readonly<Record<string, Float32Array>>): void => {
    for (const [name, data] of Object.entries(values)) {
      const shape = shapes.get(name) ?? [];
      const fits = shape.reduce((a, b) => a * b, 1) === data.length;
      tensors[`${group}.${name}`] = new HostArray(data, fits ? shape : [data.length], 'float32');
    }
  };
  put('parameter', parameters);
  if (average !== undefined) put('average', average);
  for (const [slot, values] of Object.entries(optimizer)) put(slot, values);
  await writeSafetensors(files.join(folder, stateFile), tensors, {
    [recordKey]: JSON.stringify(run.record),
    slots: Object.keys(optimizer).join(','),
  });
  await files.writeAtomic(files.join(folder, trainerFile), `${JSON.stringify(run.record, null, 2)}\n`);
}

/** The record of a run folder, without its arrays. */
export async function loadRecord(folder: string): Promise<TrainerRecord> {
  const path = files.join(folder, stateFile);
  const file = await readSafetensors(path);
  await file.close();
  return parseRecord(path, file.metadata[recordKey]);
}

/** What `saveRun` kept of a run of this model. @throws checkpoint: a state of another model, or none */
export async function loadRun(folder: string, model: LanguageModel): Promise<{ record: TrainerRecord; point: RunPoint }> {
  const path = files.join(folder, stateFile);
  const file = await readSafetensors(path);
  const float32 = async (tensor: string): Promise<Float32Array> => {
    const { dtype } = file.info(tensor);
    if (dtype !== 'F32') throw fail('checkpoint', { where: path, rule: `${tensor} in F32, as training writes it`, got: dtype });
    return (await file.load(tensor)).data as Float32Array;
  };
  try {
    const record = parseRecord(path, file.metadata[recordKey]);
    const own = new Set([...model.parameters().keys()].map((name) => `parameter.${name}`));
    const foreign = file.names.find((name) => name.startsWith('parameter.') && !own.has(name));
    if (foreign !== undefined)
      throw fail('checkpoint', { where: path, rule: 'parameters of this model only', got: foreign, fix: otherModel });
    const parameters: Record<string, Float32Array> = {};
    for (const [name, parameter] of model.parameters()) {
      const tensor = `parameter.${name}`;
      if (!file.names.includes(tensor) || `${file.info(tensor).shape}` !== `${parameter.shape}`) {
        throw fail('checkpoint', {
          where: path,
          rule: `the tensor ${tensor} of shape [${parameter.shape}]`,
          got: file.names.includes(tensor) ? `[${file.info(tensor).shape}]` : 'none',
          fix: otherModel,
        });
      }
      parameters[name] = await float32(tensor);
    }
    // What else there is depends on the optimiser, which checks it when the run goes on.
    const others = async (group: string): Promise<Record<string, Float32Array>> => {
      const values: Record<string, Float32Array> = {};
      for (const name of Object.keys(parameters)) {
        const tensor = `${group}.${name}`;
        if (file.names.includes(tensor)) values[name] = await float32(tensor);
      }
      return values;
    };
    const optimizer: Record<string, Record<string, Float32Array>> = {};
    for (const slot of (file.metadata.slots ?? '').split(',').filter((s) => s !== '')) optimizer[slot] = await others(slot);
    const average = await others('average');
    const state = { parameters, optimizer, ...(Object.keys(average).length > 0 && { average }) };
    const { step, skipped, losses } = record;
    return { record, point: { step, skipped, losses, state } };
  } finally {
    await file.close();
  }
}

function parseRecord(path: string, text: string | undefined): TrainerRecord {
  let json: unknown;
  try {
    json = JSON.parse(text ?? 'null');
  } catch {
    json = undefined;
  }
  const { step, skipped, losses, settings, bestValLoss, bestStep } = (json ?? {}) as Partial<TrainerRecord>;
  const isCount = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  const isWhole = isCount(step) && isCount(skipped) && Array.isArray(losses) && losses.every(Number.isFinite);
  if (!isWhole || typeof settings !== 'object' || settings === null) {
    throw fail('checkpoint', {
      where: path,
      rule: `a "${recordKey}" record with step, skipped, losses and settings in its metadata`,
      got: text === undefined ? 'none' : text.slice(0, 80),
      fix: 'Go on from another checkpoint of the run',
    });
  }
  return {
    step: step as number,
    skipped: skipped as number,
    losses: losses as number[],
    settings,
    bestValLoss: typeof bestValLoss === 'number' ? bestValLoss : null,
    bestStep: typeof bestStep === 'number' ? bestStep : -1,
  };
}
