import { loadImageModelFrom, openCheckpoint as openSource, resolveCheckpoint } from '../checkpoints/index.js';
import { type Preprocessing, readPreprocessing } from '../datasets/index.js';
import type { ViT } from '../models/index.js';

/** A checkpoint that takes images, as commands use it. */
export interface ImageCheckpoint {
  readonly model: ViT;
  readonly preprocessing: Preprocessing;
}

/**
 * Opens what a person names: a folder, or a hub id, which is fetched.
 * @throws file, checkpoint: what cannot be used, each thing named; unsupported: a model that reads tokens
 */
export async function openImageCheckpoint(name: string): Promise<ImageCheckpoint> {
  const path = await resolveCheckpoint(name);
  const source = await openSource(path);
  try {
    const { model } = await loadImageModelFrom(source);
    return { model, preprocessing: await readPreprocessing(path) };
  } finally {
    await source.close();
  }
}
