import { fail } from '../../core/index.js';
import type { RgbImage } from './image.js';
import { jpegFrame } from './jpeg-segments.js';
import { exifOrientation, upright } from './orientation.js';

/** Far above what the most pixels take; the frame has been looked at. */
const megabytes = 8192;

/**
 * The pixels of a JPEG file, upright by its Exif orientation, as Hugging Face's `load_image` has them. Chroma is repeated,
 * not interpolated as libjpeg does by default: at edges of colour, numbers differ by some levels.
 * @throws file: a damaged file, or an image too large; unsupported: CMYK, 12 bits, arithmetic or lossless coding
 */
export async function readJpeg(bytes: Uint8Array, where: string): Promise<RgbImage> {
  const { width, height, exif } = jpegFrame(bytes, where);
  const { default: jpeg } = await import('jpeg-js');
  const options = { useTArray: true, formatAsRGBA: false, tolerantDecoding: false } as const;
  try {
    const { data } = jpeg.decode(bytes, { ...options, maxResolutionInMP: 100, maxMemoryUsageInMB: megabytes });
    return upright({ width, height, data }, exif === undefined ? 1 : exifOrientation(exif));
  } catch (cause) {
    throw fail('file', { where, rule: 'a whole JPEG file', got: 'one that is damaged', fix: 'Get the file anew', cause });
  }
}
