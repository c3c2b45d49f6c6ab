import { fail } from '../core/index.js';
import type { ViT } from '../models/index.js';
import { imageArchitectureOf, imageArchitectures } from './architectures/index.js';
import type { JsonObject } from './config.js';
import { hfCheckpointOf, writeHfCheckpoint } from './hf-checkpoint.js';
import type { LoadReport } from './load-report.js';
import { type LoadOptions, loadWeights } from './load-weights.js';
import { openCheckpoint } from './open.js';
import type { CheckpointSource } from './source.js';

/**
 * The model of a checkpoint that takes images, `vit` or `deit`: a folder of Hugging Face's layout.
 * @throws file: missing or broken files; checkpoint: tensors that do not fit, each named; unsupported: another architecture
 */
export async function loadImageModel(path: string, options: LoadOptions = {}): Promise<ViT> {
  const source = await openCheckpoint(path);
  try {
    return (await loadImageModelFrom(source, options)).model;
  } finally {
    await source.close();
  }
}

/** The same of an open checkpoint, which stays open, with what became of every tensor. */
export async function loadImageModelFrom(
  source: CheckpointSource,
  options: LoadOptions = {},
): Promise<{ readonly model: ViT; readonly report: LoadReport }> {
  return loadWeights(source, imageArchitectureOf(source.config.values.model_type, source.config.path), options);
}

/**
 * Writes a model as a folder in Hugging Face's layout, which Python's transformers opens as it is.
 * @param preprocessor what `preprocessor_config.json` says, where images are to be classified from the folder
 * @throws unsupported: a model that no published class can hold
 */
export async function saveImageModel(folder: string, model: ViT, { preprocessor }: { preprocessor?: JsonObject } = {}): Promise<void> {
  const found = hfCheckpointOf(imageArchitectures, model);
  if (found !== undefined) return writeHfCheckpoint(folder, found, preprocessor && { 'preprocessor_config.json': preprocessor });
  throw fail('unsupported', {
    where: folder,
    rule: 'a model that ViT or DeiT can hold',
    got: `head ${model.config.head}, ${model.config.distilled ? 'distilled' : 'not distilled'}`,
  });
}
