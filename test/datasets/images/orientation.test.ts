import { expect, test } from 'vitest';
import { decodeImage } from '#dist/datasets/index.js';
import { imageBytes } from './fixtures.js';

const plain = imageBytes('jpeg-444.jpg');

/** The file with an Exif segment that says how the camera was held, in either byte order. */
function held(orientation: number, little: boolean): Uint8Array {
  const tiff = new DataView(new ArrayBuffer(26));
  tiff.setUint16(0, little ? 0x4949 : 0x4d4d);
  tiff.setUint16(2, 42, little);
  tiff.setUint32(4, 8, little);
  tiff.setUint16(8, 1, little);
  tiff.setUint16(10, 274, little);
  tiff.setUint16(12, 3, little);
  tiff.setUint32(14, 1, little);
  tiff.setUint16(18, orientation, little);
  const content = [0x45, 0x78, 0x69, 0x66, 0, 0, ...new Uint8Array(tiff.buffer)];
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, content.length + 2, ...content, ...plain.subarray(2)]);
}

type Grid = readonly (readonly number[])[];
const mirror = (rows: Grid): Grid => rows.map((row) => row.toReversed());
const flip = (rows: Grid): Grid => rows.toReversed();
const transpose = (rows: Grid): Grid => (rows[0] ?? []).map((_, x) => rows.map((row) => row[x] as number));
/** What is to be done to see the picture upright (Exif 2.3, tag 274). */
const mended: Readonly<Record<number, (rows: Grid) => Grid>> = {
  1: (rows) => rows,
  2: mirror,
  3: (rows) => flip(mirror(rows)),
  4: flip,
  5: transpose,
  6: (rows) => mirror(transpose(rows)), // a quarter turn clockwise
  7: (rows) => flip(mirror(transpose(rows))),
  8: (rows) => flip(transpose(rows)), // and counter-clockwise
  9: (rows) => rows,
};

test.each(Object.keys(mended).flatMap((o) => [[Number(o), true] as const, [Number(o), false] as const]))(
  'orientation %s, little-endian %s',
  async (orientation, little) => {
    const gridOf = ({ width, height, data }: { width: number; height: number; data: Uint8Array }): Grid =>
      Array.from({ length: height }, (_, y) =>
        Array.from({ length: width }, (_, x) => {
          const [r, g, b] = data.subarray(3 * (y * width + x)) as unknown as [number, number, number];
          return 65536 * r + 256 * g + b;
        }),
      );
    const upright = await decodeImage(plain);
    expect(gridOf(await decodeImage(held(orientation, little)))).toEqual(mended[orientation]?.(gridOf(upright)));
  },
);
