import { files } from '#files';
import { readSafetensors, saveModel, writeSafetensors } from '../checkpoints/index.js';
import { fail, HostArray } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { saveTokenizer, type Tokenizer } from '../tokenizers/index.js';
import type { TrainingState } from './worker/protocol.js';

const trainerFile = 'trainer.json';
const stateFile = 'optimizer.safetensors';
const metricsFile = 'metrics.jsonl';
/** The metadata key under which the state file holds its record. */
const recordKey = 'trainer';

/** How far the run is, and the settings that decide what comes next. */
export interface TrainerRecord {
  readonly step: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly bestValLoss: number | null;
}

/**
 * Writes a run folder: the model as Hugging Face lays it out, its tokenizer, and what resuming needs.
 *
 * Several files cannot be replaced at one moment, so what a resumed run reads is one file, `optimizer.safetensors`:
 * parameters, moments and the record together, written whole or not at all. A kill between files leaves the state of
 * one step; only the other files, for people and other programs, may be of the step before. `trainer.json` shows the
 * record to people.
 */
export async function saveRun(
  folder: string,
  model: LanguageModel,
  tokenizer: Tokenizer | undefined,
  run?: { readonly record: TrainerRecord; readonly state: TrainingState },
): Promise<void> {
  if (tokenizer !== undefined) await saveTokenizer(folder, tokenizer);
  await saveModel(folder, model);
  if (run === undefined) return;
  const tensors: Record<string, HostArray> = {};
  for (const [name, parameter] of model.parameters()) {
    const put = (key: string, data: Float32Array | undefined): void => {
      if (data !== undefined) tensors[`${key}.${name}`] = new HostArray(data, parameter.shape, 'float32');
    };
    put('parameter', run.state.parameters[name]);
    for (const [slot, values] of Object.entries(run.state.optimizer)) put(slot, values[name]);
  }
  const record = JSON.stringify(run.record);
  await writeSafetensors(files.join(folder, stateFile), tensors, {
    [recordKey]: record,
    slots: Object.keys(run.state.optimizer).join(','),
  });
  await files.writeAtomic(files.join(folder, trainerFile), `${JSON.stringify(run.record, null, 2)}\n`);
}

/** Adds a line to the run's metrics. */
export async function appendMetrics(folder: string, metrics: Readonly<Record<string, number>>): Promise<void> {
  await files.append(files.join(folder, metricsFile), `${JSON.stringify(metrics)}\n`);
}

/** The record of a run folder, without its arrays. */
export async function loadRecord(folder: string): Promise<TrainerRecord> {
  const path = files.join(folder, stateFile);
  const file = await readSafetensors(path);
  await file.close();
  return parseRecord(path, file.metadata[recordKey]);
}

/** What `saveRun` kept of a run of this model. @throws checkpoint: a state of another model, or none */
export async function loadRun(folder: string, model: LanguageModel): Promise<{ record: TrainerRecord; state: TrainingState }> {
  const path = files.join(folder, stateFile);
  const file = await readSafetensors(path);
  try {
    const record = parseRecord(path, file.metadata[recordKey]);
    const load = async (key: string): Promise<Record<string, Float32Array>> => {
      const values: Record<string, Float32Array> = {};
      for (const [name, parameter] of model.parameters()) {
        const tensor = `${key}.${name}`;
        if (!file.names.includes(tensor) || `${file.info(tensor).shape}` !== `${parameter.shape}`) {
          throw fail('checkpoint', {
            where: path,
            rule: `the tensor ${tensor} of shape [${parameter.shape}]`,
            got: file.names.includes(tensor) ? `[${file.info(tensor).shape}]` : 'none',
          });
        }
        values[name] = (await file.load(tensor)).data as Float32Array;
      }
      return values;
    };
    const optimizer: Record<string, Record<string, Float32Array>> = {};
    for (const slot of (file.metadata.slots ?? '').split(',').filter((s) => s !== '')) optimizer[slot] = await load(slot);
    return { record, state: { parameters: await load('parameter'), optimizer } };
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
  const { step, settings, bestValLoss } = (json ?? {}) as Partial<TrainerRecord>;
  if (!Number.isInteger(step) || typeof settings !== 'object' || settings === null) {
    throw fail('checkpoint', {
      where: path,
      rule: `a "${recordKey}" record with step and settings in its metadata`,
      got: text === undefined ? 'none' : 'another thing',
    });
  }
  return { step: step as number, settings, bestValLoss: typeof bestValLoss === 'number' ? bestValLoss : null };
}
