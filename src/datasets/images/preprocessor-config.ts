import { files } from '#files';
import { type Config, type JsonObject, readJson, requireBoolean, requireNumber } from '../../checkpoints/config.js';
import { fail, type HeadlightError } from '../../core/index.js';
import type { ImageSize, Preprocessing } from './preprocess.js';
import { resampleNumbers } from './resample.js';

/** The most pixels along a side that a file may ask for. */
const mostSide = 2 ** 13;

const preprocessorFile = 'preprocessor_config.json';

/**
 * How the images of a checkpoint are to be preprocessed: its `preprocessor_config.json`.
 * @throws file: none, or no JSON; checkpoint: fields of another form
 */
export async function readPreprocessing(folder: string): Promise<Preprocessing> {
  const path = files.join(folder, preprocessorFile);
  if ((await files.stat(path)).kind !== 'file') {
    throw fail('file', {
      where: path,
      rule: 'a file that says how images are scaled for the model',
      got: 'none',
      fix: "Put the model's preprocessor_config.json into the folder",
    });
  }
  return preprocessingOf({ path, values: await readJson(path) });
}

/**
 * The same, of a file's contents: Hugging Face's image processors of ViT and DeiT, and those with the same keys. What a
 * file leaves out is as theirs: DeiT's crops, ViT's does not. A size of one number is a square's side.
 */
export function preprocessingOf(config: Config): Preprocessing {
  const { values } = config;
  const isDeit = /^DeiT/.test(String(values.image_processor_type ?? values.feature_extractor_type ?? ''));
  const number = values.resample ?? (isDeit ? 3 : 2);
  const resample = typeof number === 'number' ? resampleNumbers[number] : undefined;
  if (resample === undefined) throw refuse(config, 'resample', `a number from 0 to ${resampleNumbers.length - 1}, of Pillow's filters`);
  const does = (key: string, fallback = true): boolean => requireBoolean(config, key, { fallback });
  const side = { min: 1e-12, max: 1e12 };
  return {
    size: does('do_resize') ? sizeOf(config, 'size', isDeit ? 256 : 224) : undefined,
    resample,
    crop: does('do_center_crop', isDeit) ? sidesOf(config, 'crop_size', 224) : undefined,
    rescale: does('do_rescale') ? requireNumber(config, 'rescale_factor', { ...side, fallback: 1 / 255 }) : 1,
    normalise: does('do_normalize') ? { mean: colours(config, 'image_mean'), deviation: colours(config, 'image_std') } : undefined,
  };
}

/** The same, written, as the processor of ViT or, with a crop, of DeiT reads it. */
export function writePreprocessing({ size, resample, crop, rescale, normalise }: Preprocessing): JsonObject {
  const written = size !== undefined && 'shortestEdge' in size ? { shortest_edge: size.shortestEdge } : size;
  return {
    image_processor_type: crop === undefined ? 'ViTImageProcessor' : 'DeiTImageProcessor',
    do_resize: size !== undefined,
    ...(written && { size: written }),
    resample: resampleNumbers.indexOf(resample),
    do_center_crop: crop !== undefined,
    ...(crop && { crop_size: crop }),
    do_rescale: rescale !== 1,
    rescale_factor: rescale,
    do_normalize: normalise !== undefined,
    ...(normalise && { image_mean: normalise.mean, image_std: normalise.deviation }),
  };
}

function refuse({ path, values }: Config, key: string, rule: string): HeadlightError {
  return fail('checkpoint', {
    where: path,
    rule: `"${key}" is ${rule}`,
    got: JSON.stringify(values[key]) ?? 'none',
    fix: 'Correct the file',
  });
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= mostSide;
}

function sizeOf(config: Config, key: string, fallback: number): ImageSize {
  const { shortest_edge: shortestEdge } = (config.values[key] ?? {}) as { shortest_edge?: unknown };
  return isSide(shortestEdge) ? { shortestEdge } : sidesOf(config, key, fallback);
}

function sidesOf(config: Config, key: string, fallback: number): { readonly height: number; readonly width: number } {
  const value = config.values[key] ?? fallback;
  if (isSide(value)) return { height: value, width: value };
  const { height, width } = value as { height?: unknown; width?: unknown };
  if (isSide(height) && isSide(width)) return { height, width };
  throw refuse(config, key, `a side, {height, width} or {shortest_edge}, of 1 to ${mostSide} pixels`);
}

/** One number for every colour, or one for each. */
function colours(config: Config, key: string): readonly number[] {
  const value = config.values[key] ?? [0.5, 0.5, 0.5];
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const fits = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x) && (key !== 'image_std' || x > 0);
  if (![1, 3].includes(list.length) || !list.every(fits)) throw refuse(config, key, 'a number, or one for each colour; deviations above 0');
  return list;
}
