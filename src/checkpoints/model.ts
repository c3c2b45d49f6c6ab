import { fail } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { architectureList, architectureOf, architectures } from './architectures/index.js';
import { generationFile } from './end-tokens.js';
import { type HfCheckpoint, hfCheckpointOf, writeHfCheckpoint } from './hf-checkpoint.js';
import type { LoadReport } from './load-report.js';
import { type LoadOptions, loadWeights } from './load-weights.js';
import { openCheckpoint } from './open.js';
import type { CheckpointSource } from './source.js';

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

/** Heads of other tasks, as transformers and TRL name them: for labels, answers, choices and values. */
const otherHeads: readonly string[] = ['score.*', 'classifier.*', 'qa_outputs.*', 'multiple_choice_head.*', 'v_head.*'];

/** The model of an open checkpoint, which stays open. Tensors are read one at a time: the weights are in memory once. */
export async function loadFrom(
  source: CheckpointSource,
  options: LoadOptions = {},
): Promise<{ readonly model: LanguageModel; readonly report: LoadReport }> {
  const architecture = architectureOf(source.config.values.model_type, source.config.path);
  return loadWeights(source, architecture, { ...options, ignore: [...otherHeads, ...(options.ignore ?? [])] });
}

/** A model's configuration and tensors under Hugging Face's names. @throws unsupported: of an architecture that checkpoints cannot hold */
export function toHfCheckpoint(model: LanguageModel, where = 'toHfCheckpoint'): HfCheckpoint {
  const found = hfCheckpointOf(architectures, model);
  if (found !== undefined) return found;
  throw fail('unsupported', {
    where,
    rule: `a model of an architecture that checkpoints can hold: ${architectureList()}`,
    got: Object.getPrototypeOf(model)?.constructor?.name ?? 'another object',
    fix: "Save its parameters with writeSafetensors from 'headlightjs/checkpoints'",
  });
}

/**
 * Writes a model as a folder in Hugging Face's layout: Python's transformers opens it as it is where the architecture is
 * published; others keep our names, in files of the same formats. Each file is whole or not there.
 * @param endIds tokens that end a text, for `generation_config.json`; `endTokenIds` reads them again
 * @throws unsupported: a model of an architecture that checkpoints cannot hold
 */
export async function saveModel(
  folder: string,
  model: LanguageModel,
  { endIds = [] }: { readonly endIds?: readonly number[] } = {},
): Promise<void> {
  const generation = { do_sample: true, ...(endIds.length > 0 && { eos_token_id: endIds.length === 1 ? endIds[0] : endIds }) };
  await writeHfCheckpoint(folder, toHfCheckpoint(model, folder), { [generationFile]: generation });
}
