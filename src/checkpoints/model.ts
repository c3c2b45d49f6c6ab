import { files } from '#files';
import { fail, HeadlightError, HostArray } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { type Architecture, architectureList, architectureOf, architectures } from './architectures/index.js';
import type { Config, JsonObject } from './config.js';
import { weightsFile } from './folder.js';
import { type LoadReport, loadReport } from './load-report.js';
import { checkReport, loadAssigned, matchCheckpoint, storedAssigned, toHfTensors } from './match.js';
import { openCheckpoint } from './open.js';
import { quote } from './quote.js';
import { writeSafetensors } from './safetensors-write.js';
import type { CheckpointSource } from './source.js';

export interface LoadOptions {
  /** Globs of tensors of the file that may be left unread, such as another task's head: `['score.*']`. */
  readonly ignore?: readonly string[];
  /** Globs of our parameters that may keep their first, random values where the file has none, such as a new head. */
  readonly allowMissing?: readonly string[];
  /**
   * Leaves float32 weights in their file until they are asked for; a decoder has the engine read them there. The file must
   * stay as it is for as long. For programs that only run a model.
   */
  readonly inPlace?: boolean;
}

/**
 * The model of a checkpoint: a folder of Hugging Face's layout, a `.gguf` file, or a `.bin` file of llama2.c.
 * @throws file: missing or broken files; checkpoint: tensors that do not fit, each named; unsupported: another architecture
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<LanguageModel> {
  return (await loadModelWithReport(path, options)).model;
}

/** The same, with what became of every tensor. */
export async function loadModelWithReport(
  path: string,
  options: LoadOptions = {},
): Promise<{ readonly model: LanguageModel; readonly report: LoadReport }> {
  const source = await openCheckpoint(path);
  try {
    return await loadFrom(source, options);
  } finally {
    await source.close();
  }
}

/** The model of an open checkpoint, which stays open. Tensors are read one at a time: the weights are in memory once. */
export async function loadFrom(
  source: CheckpointSource,
  { ignore = [], allowMissing = [], inPlace = false }: LoadOptions = {},
): Promise<{ readonly model: LanguageModel; readonly report: LoadReport }> {
  const architecture = architectureOf(source.config.values.model_type, source.config.path);
  const { model, ignore: buffers, tied } = readModel(architecture, source.config);
  const parameters = model.parameters();
  const expected = new Map([...parameters].map(([name, p]) => [name, p.shape] as const));
  const match = matchCheckpoint({
    expected,
    file: source,
    map: architecture.names,
    ignore: [...buffers, ...ignore],
    allowMissing,
    tied,
    optionalPrefix: architecture.optionalPrefix,
  });
  checkReport(match, source.path);
  for (const [name, parameter] of parameters) {
    const assignment = match.assign.get(name);
    if (assignment === undefined) continue;
    const stored = inPlace ? await storedAssigned(source, assignment) : undefined;
    if (stored === undefined) parameter.value = asWeights(await loadAssigned(source, assignment), source, assignment.hfName);
    else parameter.store(stored);
  }
  return { model, report: loadReport(source, match) };
}

/** A configuration of numbers that no model can have, such as a width that its heads do not divide, is the checkpoint's fault. */
function readModel(architecture: Architecture, config: Config): ReturnType<Architecture['read']> {
  try {
    return architecture.read(config);
  } catch (error) {
    if (!(error instanceof HeadlightError) || ['file', 'checkpoint', 'unsupported'].includes(error.code)) throw error;
    throw fail('checkpoint', { where: config.path, rule: 'settings that a model can have', got: error.message, cause: error });
  }
}

/** Parameters are float32; a file of integers is of a quantisation that we do not know how to undo. */
function asWeights(array: HostArray, source: CheckpointSource, name: string): HostArray {
  if (array.dtype === 'float32') return array;
  if (array.dtype === 'float64') return new HostArray(Float32Array.from(array.data as Float64Array), array.shape, 'float32');
  throw fail('checkpoint', {
    where: source.path,
    rule: `tensor ${quote(name)} is of floating point, as weights are`,
    got: source.info(name).dtype,
    fix: 'Load an unquantised copy of the model',
  });
}

/** A model's configuration and tensors under Hugging Face's names. @throws unsupported: of an architecture that checkpoints cannot hold */
export function toHfCheckpoint(
  model: LanguageModel,
  where = 'toHfCheckpoint',
): { readonly config: JsonObject; readonly tensors: Map<string, HostArray> } {
  for (const architecture of architectures) {
    const config = architecture.write(model);
    if (config === undefined) continue;
    return { config, tensors: toHfTensors(completeParameters(architecture, model), architecture.names) };
  }
  throw fail('unsupported', {
    where,
    rule: `a model of an architecture that checkpoints can hold: ${architectureList()}`,
    got: Object.getPrototypeOf(model)?.constructor?.name ?? 'another object',
    fix: "Save its parameters with writeSafetensors from 'headlightjs/checkpoints'",
  });
}

function completeParameters(architecture: Architecture, model: LanguageModel): [string, HostArray][] {
  const ours: [string, HostArray][] = [...model.parameters()].map(([name, p]) => [name, p.value]);
  for (const { name, shape, value } of architecture.complete(model)) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value);
    ours.push([name, new HostArray(data, shape, 'float32')]);
  }
  return ours;
}

/**
 * Writes a model as a folder in Hugging Face's layout: Python's transformers opens it as it is where the architecture is
 * published; others keep our names, in files of the same formats. Each file is whole or not there.
 * @throws unsupported: a model of an architecture that checkpoints cannot hold
 */
export async function saveModel(folder: string, model: LanguageModel): Promise<void> {
  const { config, tensors } = toHfCheckpoint(model, folder);
  await writeSafetensors(files.join(folder, weightsFile), tensors, { format: 'pt' });
  await files.writeAtomic(files.join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  await files.writeAtomic(files.join(folder, 'generation_config.json'), `${JSON.stringify({ do_sample: true }, null, 2)}\n`);
}
