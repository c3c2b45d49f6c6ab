import { files } from '#files';
import { fail, HostArray } from '../core/index.js';
import { parseJsonObject, readSafetensors, saveModel, writeSafetensors } from '../checkpoints/index.js';
import type { LanguageModel } from '../models/index.js';
import { saveTokenizer, type Tokenizer } from '../tokenizers/index.js';
import type { TrainingState } from './worker/protocol.js';

const trainerFile = 'trainer.json';
const optimizerFile = 'optimizer.safetensors';
const metricsFile = 'metrics.jsonl';

/** What `trainer.json` holds: how far the run is, and the settings that decide what comes next. */
export interface TrainerRecord {
  readonly step: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly bestValLoss: number | null;
}

/**
 * Writes a run folder: the model as Hugging Face lays it out, its tokenizer, and beside them what resuming needs.
 * `trainer.json` comes last: a folder that has it for a step has everything of that step.
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
  const shapes = new Map([...model.parameters()].map(([name, p]) => [name, p.shape]));
  const moments: Record<string, HostArray> = {};
  for (const [kind, values] of [['first', run.state.firstMoments] as const, ['second', run.state.secondMoments] as const]) {
    for (const [name, data] of Object.entries(values)) moments[`${kind}.${name}`] = new HostArray(data, shapes.get(name) ?? [data.length], 'float32');
  }
  await writeSafetensors(files.join(folder, optimizerFile), moments, { step: String(run.record.step) });
  await files.writeAtomic(files.join(folder, trainerFile), `${JSON.stringify(run.record, null, 2)}\n`);
}

/** Adds a line to the run's metrics. */
export async function appendMetrics(folder: string, metrics: Readonly<Record<string, number>>): Promise<void> {
  await files.append(files.join(folder, metricsFile), `${JSON.stringify(metrics)}\n`);
}

/** What `saveRun` kept, with the parameters of the model as loaded. @throws checkpoint: parts that are of different steps */
export async function loadRun(folder: string, model: LanguageModel): Promise<{ record: TrainerRecord; state: TrainingState }> {
  const path = files.join(folder, trainerFile);
  const json = parseJsonObject(await files.readText(path), path);
  const { step, settings, bestValLoss } = json;
  if (!Number.isInteger(step) || typeof settings !== 'object' || settings === null) {
    throw fail('checkpoint', { where: path, rule: '"step" is a whole number and "settings" an object', got: JSON.stringify(step) ?? 'none' });
  }
  const record = { step: step as number, settings: settings as TrainerRecord['settings'], bestValLoss: typeof bestValLoss === 'number' ? bestValLoss : null };
  const file = await readSafetensors(files.join(folder, optimizerFile));
  try {
    if (file.metadata['step'] !== String(step)) {
      throw fail('checkpoint', { where: folder, rule: `the optimizer's state is of step ${step}, like trainer.json`, got: `step ${file.metadata['step']}` });
    }
    const parameters: Record<string, Float32Array> = {};
    const firstMoments: Record<string, Float32Array> = {};
    const secondMoments: Record<string, Float32Array> = {};
    for (const [name, p] of model.parameters()) {
      parameters[name] = p.value.data as Float32Array;
      firstMoments[name] = (await file.load(`first.${name}`)).data as Float32Array;
      secondMoments[name] = (await file.load(`second.${name}`)).data as Float32Array;
    }
    return { record, state: { parameters, firstMoments, secondMoments } };
  } finally {
    await file.close();
  }
}
