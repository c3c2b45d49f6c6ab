import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decodeImage } from '#dist/datasets/index.js';
import { imageBytes } from './fixtures.js';
import { pngOf, readDamagedImages } from './hostile-images.js';

test('1,500 damaged PNG and JPEG files each are read or refused in one line', async () => {
  for (const [name, { refused, slowest, mostBytes }] of await readDamagedImages(1500)) {
    expect(refused, name).toBeGreaterThan(400);
    expect(slowest, name).toBeLessThan(5000);
    expect(mostBytes, name).toBeGreaterThan(0);
    // A block of a JPEG may take two bits, and is 256 bytes of numbers before it is pixels.
    expect(mostBytes, name).toBeLessThan(name === 'png' ? 50 : 300);
  }
});

function header(width: number, height: number, depth = 8, type = 2): Uint8Array {
  const content = new Uint8Array(13);
  new DataView(content.buffer).setUint32(0, width);
  new DataView(content.buffer).setUint32(4, height);
  content.set([depth, type, 0, 0, 0], 8);
  return content;
}
const nothing = new Uint8Array(0);
const png = (size: Uint8Array, pixels: Uint8Array): Uint8Array =>
  pngOf([
    { type: 'IHDR', content: size },
    { type: 'IDAT', content: pixels },
    { type: 'IEND', content: nothing },
  ]);
const whole = imageBytes('png-type2-depth8.png');
const jpeg = imageBytes('jpeg-420.jpg');
/** A JPEG with two bytes replaced where its frame says them, 5 bytes behind the frame's marker. */
const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
const withFrame = (offset: number, ...bytes: number[]): Uint8Array => {
  const out = new Uint8Array(jpeg);
  out.set(bytes, frame + offset);
  return out;
};

test.each<[string, Uint8Array, RegExp]>([
  ['an empty file', nothing, /a PNG or JPEG file; got an empty file/],
  ['text', new TextEncoder().encode('hello there'), /got one that begins with 68 65 6c 6c/],
  [
    'a PNG of absurd size',
    png(header(2 ** 31 - 1, 2 ** 31 - 1), nothing),
    /an image of 1 to 67,108,864 pixels; got 2147483647 × 2147483647/,
  ],
  ['a PNG without pixels', png(header(0, 5), nothing), /got 0 × 5/],
  ['a PNG of few bytes that unpack to many', png(header(4, 4), deflateSync(new Uint8Array(50_000_000))), /52 bytes of pixels; got more/],
  [
    'a PNG that promises much and holds little',
    png(header(8000, 8000), deflateSync(new Uint8Array(1000))),
    /192008000 bytes of pixels; got 1000/,
  ],
  ['a PNG cut off', whole.subarray(0, whole.length - 30), /a whole PNG file; got one that is cut off/],
  ['a PNG cut off at its signature', whole.subarray(0, 8), /cut off after 8 bytes/],
  ['a PNG of three bits', png(header(4, 4, 3), nothing), /colour type 2 of 3 bits/],
  ['a PNG of an unknown filter', png(header(1, 1), deflateSync(Uint8Array.of(9, 1, 2, 3))), /that makes sense; got filter 9/],
  ['a PNG without its palette', png(header(1, 1, 8, 3), deflateSync(Uint8Array.of(0, 1))), /colour 1, beyond the palette/],
  ['a JPEG cut off', jpeg.subarray(0, jpeg.length - 40), /a whole JPEG file; got one that is cut off/],
  ['a JPEG of nothing', Uint8Array.of(0xff, 0xd8), /a whole JPEG file; got one that is cut off/],
  ['a JPEG of absurd size', withFrame(5, 0xff, 0xff, 0xff, 0xff), /an image of 1 to 67,108,864 pixels; got 65535 × 65535/],
  [
    'a JPEG that promises much and holds little',
    withFrame(5, 0x0f, 0xff, 0x0f, 0xff),
    /bytes for 4095 × 4095 pixels, fewer than they take/,
  ],
  ['a JPEG of 12 bits', withFrame(4, 12), /of grey or three colours, of 8 bits each; got 3 of 12 bits/],
  ['an arithmetic JPEG', withFrame(1, 0xc9), /baseline, extended or progressive kind/],
])('%s: one clear error', async (_, bytes, message) => {
  const error = await decodeImage(bytes, 'photo').catch((e: Error) => e);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).toMatch(/^photo: [^\n]*$/);
});
