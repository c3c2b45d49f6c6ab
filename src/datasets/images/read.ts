import { files } from '#files';
import { fail } from '../../core/index.js';
import type { RgbImage } from './image.js';
import { readJpeg } from './jpeg.js';
import { readPng } from './png.js';
import { pngSignature } from './png-chunks.js';

/**
 * The pixels of a PNG or JPEG file, known by its first bytes. Decoders are loaded when one is met.
 * @param where what errors call the file
 * @throws file: another kind of file, a damaged one, or an image of more than 2²⁶ pixels, refused before it is unpacked;
 * unsupported: rare kinds of JPEG
 * @example const { width, height, data } = await decodeImage(new Uint8Array(await response.arrayBuffer()))
 */
export async function decodeImage(bytes: Uint8Array, where = 'image'): Promise<RgbImage> {
  if (pngSignature.every((byte, i) => bytes[i] === byte)) return readPng(bytes, where);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return readJpeg(bytes, where);
  const got = bytes.length === 0 ? 'an empty file' : `one that begins with ${hex(bytes.subarray(0, 8))}`;
  throw fail('file', { where, rule: 'a PNG or JPEG file', got, fix: 'Save the image as PNG' });
}

/** The same of a file. */
export async function readImage(path: string): Promise<RgbImage> {
  return decodeImage(await files.readBytes(path), path);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
