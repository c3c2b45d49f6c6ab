import { fail } from '../core/index.js';
import type { Bert } from '../models/index.js';
import { encoderArchitectureOf, encoderArchitectures } from './architectures/index.js';
import { hfCheckpointOf, writeHfCheckpoint } from './hf-checkpoint.js';
import type { LoadReport } from './load-report.js';
import { type LoadOptions, loadWeights } from './load-weights.js';
import { openCheckpoint } from './open.js';
import type { CheckpointSource } from './source.js';

/**
 * The encoder of a checkpoint, `bert`, `roberta` or `distilbert`, with the head that its config names: a folder of Hugging
 * Face's layout. Heads of other tasks in the file are passed over, and stand in the report of `loadEncoderFrom`.
 * @throws file: missing or broken files; checkpoint: tensors that do not fit, each named; unsupported: another architecture
 */
export async function loadEncoder(path: string, options: LoadOptions = {}): Promise<Bert> {
  const source = await openCheckpoint(path);
  try {
    return (await loadEncoderFrom(source, options)).model;
  } finally {
    await source.close();
  }
}

/** The same of an open checkpoint, which stays open, with what became of every tensor. */
export async function loadEncoderFrom(
  source: CheckpointSource,
  options: LoadOptions = {},
): Promise<{ readonly model: Bert; readonly report: LoadReport }> {
  return loadWeights(source, encoderArchitectureOf(source.config), options);
}

/** Writes an encoder as a folder in Hugging Face's layout, which Python's transformers opens as it is. */
export async function saveEncoder(folder: string, model: Bert): Promise<void> {
  const found = hfCheckpointOf(encoderArchitectures, model);
  if (found !== undefined) return writeHfCheckpoint(folder, found);
  throw fail('unsupported', { where: folder, rule: 'an encoder of a published family', got: model.config.family });
}
