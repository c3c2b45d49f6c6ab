import type { RgbImage } from './image.js';

/**
 * How a camera says it was held (Exif 2.3, tag 274 of the first directory): 1 upright, 2 to 8 turned or mirrored.
 * @param tiff from the TIFF header on; what is not as it should be counts as upright
 */
export function exifOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 14) return 1;
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > tiff.length) return 1;
    if (view.getUint16(at, little) !== 274) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** The image upright, as Pillow's `exif_transpose` makes it. @param orientation 1 to 8, of Exif */
export function upright(image: RgbImage, orientation: number): RgbImage {
  if (orientation === 1) return image;
  // From 5 on rows are columns; then mirrored across, or upside down.
  const turned = orientation >= 5;
  const mirrored = [2, 3, 6, 7].includes(orientation);
  const upsideDown = [3, 4, 7, 8].includes(orientation);
  const [width, height] = turned ? [image.height, image.width] : [image.width, image.height];
  const data = new Uint8Array(image.data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const column = mirrored ? width - 1 - x : x;
      const row = upsideDown ? height - 1 - y : y;
      const from = 3 * (turned ? column * image.width + row : row * image.width + column);
      for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = image.data[from + c] as number;
    }
  }
  return { width, height, data };
}
