import { fail } from '../../core/index.js';
import type { RgbImage } from './image.js';
import { inflateExactly } from './inflate.js';
import { type PngChunks, pngChunks, samplesPerPixel } from './png-chunks.js';
import { pngPasses, rawLength, undoFilter } from './png-rows.js';

/**
 * The pixels of a PNG file. Transparency is dropped, as Python's `convert('RGB')` drops it; of 16 bits the upper eight are
 * kept; grey becomes three equal colours. Colour profiles, gamma and Exif orientation are not looked at.
 * @throws file: a damaged file, or an image too large
 */
export async function readPng(bytes: Uint8Array, where: string): Promise<RgbImage> {
  const chunks = pngChunks(bytes, where);
  const { width, height, depth, colorType, data } = chunks;
  const samples = samplesPerPixel(colorType);
  const passes = pngPasses(chunks, depth * samples);
  const raw = await inflateExactly(data, 'deflate', { length: rawLength(passes), where, what: 'pixels' });
  const rgb = new Uint8Array(3 * width * height);
  const step = Math.max(1, (depth * samples) / 8);
  const colour = colourReader(chunks);
  let at = 0;
  try {
    for (const { x, y, dx, dy, columns, rows, rowBytes } of passes) {
      let above: Uint8Array = new Uint8Array(rowBytes);
      for (let j = 0; j < rows; j++, at += 1 + rowBytes) {
        const row = raw.subarray(at + 1, at + 1 + rowBytes);
        undoFilter(raw[at] as number, row, above, step);
        for (let i = 0; i < columns; i++) colour(row, i, rgb, 3 * ((y + j * dy) * width + x + i * dx));
        above = row;
      }
    }
  } catch (cause) {
    throw fail('file', { where, rule: 'a PNG file that makes sense', got: (cause as Error).message, fix: 'Get the file anew', cause });
  }
  return { width, height, data: rgb };
}

/** Writes the colour of a row's pixel `i`. @throws Error: a number beyond the palette */
type ColourReader = (row: Uint8Array, i: number, to: Uint8Array, at: number) => void;

function colourReader({ depth, colorType, palette }: PngChunks): ColourReader {
  const samples = samplesPerPixel(colorType);
  const sample = sampleReader(depth);
  if (colorType === 3) {
    return (row, i, to, at) => {
      const entry = 3 * sample(row, i);
      if (palette === undefined || entry + 3 > palette.length) throw new Error(`colour ${entry / 3}, beyond the palette`);
      for (let c = 0; c < 3; c++) to[at + c] = palette[entry + c] as number;
    };
  }
  // All ones are white, of however few bits.
  const worth = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  const grey = samples < 3;
  return (row, i, to, at) => {
    for (let c = 0; c < 3; c++) to[at + c] = worth * sample(row, samples * i + (grey ? 0 : c));
  };
}

/** Sample `i` of a row, of 1 to 8 bits; of 16 the upper eight. */
function sampleReader(depth: number): (row: Uint8Array, i: number) => number {
  if (depth === 16) return (row, i) => row[2 * i] as number;
  if (depth === 8) return (row, i) => row[i] as number;
  const perByte = 8 / depth;
  const mask = 2 ** depth - 1;
  return (row, i) => ((row[Math.floor(i / perByte)] as number) >> (8 - depth * ((i % perByte) + 1))) & mask;
}
