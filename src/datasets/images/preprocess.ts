import { fail, HostArray } from '../../core/index.js';
import { centreCrop } from './crop.js';
import type { RgbImage } from './image.js';
import type { ResampleName } from './resample.js';
import { resize } from './resize.js';

/** Sides in pixels; or the shorter side, the longer one following. */
export type ImageSize = { readonly height: number; readonly width: number } | { readonly shortestEdge: number };

/** How an image becomes what a model reads, in this order. */
export interface Preprocessing {
  readonly size: ImageSize | undefined;
  readonly resample: ResampleName;
  readonly crop: { readonly height: number; readonly width: number } | undefined;
  /** Factor of the numbers 0 to 255; 1/255 brings them to 0 to 1. */
  readonly rescale: number;
  /** Subtracted, and divided by, one number for all colours or one for each; none, where numbers are left as they are. */
  readonly normalise: { readonly mean: readonly number[]; readonly deviation: readonly number[] } | undefined;
}

/**
 * An image as a model reads it: resized, cropped, scaled, normalised, its colours apart.
 * @param channels 3, or 1 for models of grey images
 * @returns [channels,height,width] float32
 * @throws file: an image that would become too large; value: means or deviations for other colours than there are
 */
export function preprocess(image: RgbImage, settings: Preprocessing, channels: 1 | 3 = 3): HostArray {
  const { size, crop, resample, rescale, normalise } = settings;
  const sized = size === undefined ? image : resize(image, { ...sidesOf(image, size), resample });
  const { width, height, data } = crop === undefined ? sized : centreCrop(sized, crop);
  const pixels = width * height;
  const out = new Float32Array(channels * pixels);
  for (let c = 0; c < channels; c++) {
    const mean = normalise === undefined ? 0 : ofColour(normalise.mean, c);
    const deviation = normalise === undefined ? 1 : ofColour(normalise.deviation, c);
    for (let i = 0; i < pixels; i++) {
      const value = channels === 1 ? luma(data, 3 * i) : (data[3 * i + c] as number);
      out[c * pixels + i] = (value * rescale - mean) / deviation;
    }
  }
  return new HostArray(out, [channels, height, width], 'float32');
}

function ofColour(numbers: readonly number[], c: number): number {
  const number = numbers.length === 1 ? numbers[0] : numbers[c];
  if (number !== undefined) return number;
  throw fail('value', {
    where: 'preprocess',
    rule: 'one mean and deviation for all colours, or one for each',
    got: `${numbers.length} numbers`,
  });
}

/** Brightness, as Pillow's `convert('L')` weighs and rounds it (ITU-R 601-2). */
function luma(data: Uint8Array, at: number): number {
  return (19595 * (data[at] as number) + 38470 * (data[at + 1] as number) + 7471 * (data[at + 2] as number) + 0x8000) >> 16;
}

/** The same with an axis for the batch, of one image: [1,channels,height,width]. */
export function preprocessBatch(image: RgbImage, settings: Preprocessing, channels?: 1 | 3): HostArray {
  const { data, shape } = preprocess(image, settings, channels);
  return new HostArray(data, [1, ...shape], 'float32');
}

function sidesOf({ width, height }: RgbImage, size: ImageSize): { width: number; height: number } {
  if (!('shortestEdge' in size)) return size;
  const { shortestEdge } = size;
  const longest = Math.trunc((shortestEdge * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: shortestEdge, height: longest } : { width: longest, height: shortestEdge };
}
