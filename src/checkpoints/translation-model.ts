import type { Transformer } from '../models/index.js';
import { transformerArchitecture, transformerArchitectureOf } from './architectures/index.js';
import { type Config, requireInteger } from './config.js';
import { generationFile } from './end-tokens.js';
import { type HfCheckpoint, hfCheckpointOf, writeHfCheckpoint } from './hf-checkpoint.js';
import type { LoadReport } from './load-report.js';
import { type LoadOptions, loadWeights } from './load-weights.js';
import { openCheckpoint } from './open.js';
import type { CheckpointSource } from './source.js';

/** Tokens that a target begins and ends with, as generation needs them. */
export interface TargetTokens {
  /** What stands before the first token of a target: `decoder_start_token_id`. */
  readonly startId?: number | undefined;
  /** Tokens that end one: `eos_token_id`. */
  readonly endIds?: readonly number[] | undefined;
}

/**
 * The encoder–decoder of a checkpoint, `headlight_transformer`: a folder that `saveTranslationModel` wrote.
 * @throws file: missing or broken files; checkpoint: tensors that do not fit, each named; unsupported: another architecture
 */
export async function loadTranslationModel(path: string, options: LoadOptions = {}): Promise<Transformer> {
  const source = await openCheckpoint(path);
  try {
    return (await loadTranslationModelFrom(source, options)).model;
  } finally {
    await source.close();
  }
}

/** The same of an open checkpoint, which stays open, with what became of every tensor. */
export async function loadTranslationModelFrom(
  source: CheckpointSource,
  options: LoadOptions = {},
): Promise<{ readonly model: Transformer; readonly report: LoadReport }> {
  return loadWeights(source, transformerArchitectureOf(source.config.values.model_type, source.config.path), options);
}

/** The token that targets begin with; undefined where the configuration names none. @throws checkpoint: what is no id */
export function startTokenId(config: Config): number | undefined {
  if ((config.values.decoder_start_token_id ?? undefined) === undefined) return undefined;
  return requireInteger(config, 'decoder_start_token_id', { min: 0 });
}

/** Writes an encoder–decoder as a folder: configuration, weights, and how its targets begin and end. Each file is whole or not there. */
export async function saveTranslationModel(folder: string, model: Transformer, { startId, endIds = [] }: TargetTokens = {}): Promise<void> {
  const { config, tensors } = hfCheckpointOf([transformerArchitecture], model) as HfCheckpoint;
  const start = startId === undefined ? {} : { decoder_start_token_id: startId };
  const ends = endIds.length === 0 ? {} : { eos_token_id: endIds.length === 1 ? endIds[0] : endIds };
  await writeHfCheckpoint(folder, { config: { ...config, ...start }, tensors }, { [generationFile]: { ...start, ...ends } });
}
