import { files } from '#files';
import { imageLens } from '../lens/index.js';
import type { ViT } from '../models/index.js';
import type { ProgramOptions } from '../runtime/index.js';
import { type AttentionMaps, mapsOf, patternSites } from './attention-maps.js';
import { openImagePixels } from './image-checkpoint.js';
import type { FaultFlags } from './options.js';

/** Runs a model of images on a file and keeps every layer's pattern. Tokens are called by their patches' row and column, from 0. */
export async function imageAttentionMaps(
  folder: string,
  path: string,
  { name, dumpOnnx, ...options }: ProgramOptions & FaultFlags & { readonly name: string },
): Promise<AttentionMaps> {
  const { model, pixels } = await openImagePixels(folder, path);
  const view = imageLens(model, options);
  if (dumpOnnx !== undefined) await files.writeAtomic(dumpOnnx, view.onnx(pixels, patternSites));
  const captured = await view.capture(pixels, patternSites);
  return mapsOf(model, captured, { tokens: tokenNames(model, pixels.shape), title: path, name });
}

function tokenNames({ config: { patch, distilled } }: ViT, [, , height = 0, width = 0]: readonly number[]): string[] {
  const columns = width / patch;
  const patches = Array.from({ length: (height / patch) * columns }, (_, i) => `${Math.floor(i / columns)},${i % columns}`);
  return ['class', ...(distilled ? ['distillation'] : []), ...patches];
}
