import { describe, expect, test } from 'vitest';
import { decodeImage } from '#dist/datasets/index.js';
import { referenceOf } from '../../models/checkpoint.js';
import { imageBytes, imageFiles } from './fixtures.js';

const reference = await referenceOf('images/reference.safetensors');

describe.each(imageFiles)('%s', (name) => {
  test('has the pixels that libpng or libjpeg reads', async () => {
    const { width, height, data } = await decodeImage(imageBytes(name), name);
    expect([height, width]).toEqual([21, 37]);
    const want = reference.get(name)?.data as Uint8Array;
    expect(want.length).toBe(data.length);
    const differences = Array.from(data, (v, i) => Math.abs(v - Number(want[i])));
    if (name.endsWith('.png')) expect(Math.max(...differences)).toBe(0);
    // Transforms round in different places, and so does the way from chroma to colours.
    else
      expect(
        [Math.max(...differences) <= 4, differences.filter((d) => d > 1).length / differences.length < 0.05],
        `${Math.max(...differences)}`,
      ).toEqual([true, true]);
  });
});
