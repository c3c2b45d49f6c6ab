import { checkImageSize, type RgbImage } from './image.js';
import { type ResampleName, type ResampleRow, resampleRows } from './resample.js';

/** Fractional bits of weights: a sum of 255 times them stays below 2³¹. */
const fraction = 22;

/**
 * An image in another size, as Pillow resizes images of 8 bits: columns first, then rows, weights in fixed point, and the
 * result of each rounded and cut to whole numbers from 0 to 255. Bilinear numbers are within 1 of what arithmetic without
 * rounding gives; where a bicubic or Lanczos filter overshoots, what the first pass cuts off is missing in the second.
 * @throws file: no pixels, or more than can be
 * @example resize(image, { width: 224, height: 224, resample: 'bicubic' })
 */
export function resize(image: RgbImage, { width, height, resample }: { width: number; height: number; resample: ResampleName }): RgbImage {
  checkImageSize(width, height, 'resize');
  const narrowed = width === image.width ? image.data : across(image, resampleRows(image.width, width, resample));
  const data = height === image.height ? narrowed.slice() : down(narrowed, width, resampleRows(image.height, height, resample));
  return { width, height, data };
}

function fixed({ weights }: ResampleRow): Int32Array {
  return Int32Array.from(weights, (w) => Math.round(Math.abs(w) * 2 ** fraction) * Math.sign(w));
}

function rounded(sum: number): number {
  return Math.min(255, Math.max(0, sum >> fraction));
}

function across({ data, width, height }: RgbImage, rows: readonly ResampleRow[]): Uint8Array {
  const out = new Uint8Array(3 * rows.length * height);
  rows.forEach((row, x) => {
    const weights = fixed(row);
    for (let y = 0; y < height; y++) {
      const from = 3 * (y * width + row.first);
      for (let c = 0; c < 3; c++) {
        let sum = 2 ** (fraction - 1);
        for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (data[from + 3 * k + c] as number);
        out[3 * (y * rows.length + x) + c] = rounded(sum);
      }
    }
  });
  return out;
}

function down(data: Uint8Array, width: number, rows: readonly ResampleRow[]): Uint8Array {
  const line = 3 * width;
  const out = new Uint8Array(line * rows.length);
  rows.forEach((row, y) => {
    const weights = fixed(row);
    for (let i = 0; i < line; i++) {
      let sum = 2 ** (fraction - 1);
      for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (data[(row.first + k) * line + i] as number);
      out[y * line + i] = rounded(sum);
    }
  });
  return out;
}
