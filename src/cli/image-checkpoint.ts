import { imageArchitectures, loadImageModelFrom, openCheckpoint as openSource, resolveCheckpoint } from '../checkpoints/index.js';
import type { HostArray } from '../core/index.js';
import { type Preprocessing, preprocessBatch, readImage, readPreprocessing } from '../datasets/index.js';
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

/** The same, and an image file as the model reads it: [1,channels,height,width]. */
export async function openImagePixels(name: string, file: string): Promise<{ readonly model: ViT; readonly pixels: HostArray }> {
  const { model, preprocessing } = await openImageCheckpoint(name);
  return { model, pixels: preprocessBatch(await readImage(file), preprocessing, model.config.channels === 1 ? 1 : 3) };
}

/** The model of a checkpoint that takes images; undefined where it takes anything else. @throws as `openImageCheckpoint` */
export async function openImageModel(name: string): Promise<ViT | undefined> {
  const source = await openSource(await resolveCheckpoint(name));
  try {
    const { model_type: type } = source.config.values;
    return imageArchitectures.some(({ modelType }) => modelType === type) ? (await loadImageModelFrom(source)).model : undefined;
  } finally {
    await source.close();
  }
}
