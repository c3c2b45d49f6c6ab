import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import { centreCrop, type ResampleName, type RgbImage, resampleNumbers, resampleRows, resize } from '#dist/datasets/index.js';
import { referenceOf } from '../../models/checkpoint.js';
import { largestDifference } from '../../support/arrays.js';

const reference = await referenceOf('images/reference.safetensors');
const source: RgbImage = { width: 26, height: 19, data: reference.get('resize.source')?.data as Uint8Array };

/** Both axes at once, in float64 and without rounding. */
function exact(image: RgbImage, width: number, height: number, resample: ResampleName): number[] {
  const [columns, rows] = [resampleRows(image.width, width, resample), resampleRows(image.height, height, resample)];
  return rows.flatMap((row) =>
    columns.flatMap((column) =>
      [0, 1, 2].map((c) => {
        let sum = 0;
        row.weights.forEach((v, j) => {
          column.weights.forEach((h, i) => {
            sum += v * h * (image.data[3 * ((row.first + j) * image.width + column.first + i) + c] as number);
          });
        });
        return sum;
      }),
    ),
  );
}

const cases = [...reference.keys()].flatMap((key) => {
  const [, filter, height, width] = /^resize\.(bilinear|bicubic)\.(\d+)x(\d+)$/.exec(key) ?? [];
  return filter === undefined ? [] : [[key, filter as ResampleName, Number(height), Number(width)] as const];
});

describe.each(cases)('%s', (key, filter, height, width) => {
  const want = reference.get(key)?.data as Float32Array;

  test('the weights are those of torch’s antialiased interpolation', () => {
    expect(largestDifference(exact(source, width, height, filter), want)).toBeLessThan(1e-3);
  });

  test('the whole numbers differ from it by the rounding of two passes', () => {
    const { data } = resize(source, { width, height, resample: filter });
    const clipped = want.map((v) => Math.min(255, Math.max(0, v)));
    // A bicubic filter overshoots: what is cut off between the passes is missing in the second.
    expect(largestDifference(data, clipped)).toBeLessThan(filter === 'bilinear' ? 1.01 : 20);
    const mean = data.reduce((sum, v, i) => sum + Math.abs(v - (clipped[i] as number)), 0) / data.length;
    expect(mean).toBeLessThan(filter === 'bilinear' ? 0.5 : 1);
  });
});

const images = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([width, height]) =>
    fc.uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height }).map((data) => ({ width, height, data })),
  );
const side = fc.integer({ min: 1, max: 15 });
const filter = fc.constantFrom(...resampleNumbers);

test('the same size is the same image; one colour stays one colour', () => {
  fc.assert(
    fc.property(images, side, side, filter, (image, width, height, resample) => {
      expect(resize(image, { ...image, resample })).toEqual(image);
      const plain = { ...image, data: image.data.map((_, i) => 40 * (i % 3)) };
      const { data } = resize(plain, { width, height, resample });
      expect(data).toEqual(new Uint8Array(3 * width * height).map((_, i) => 40 * (i % 3)));
    }),
    { numRuns: 200 },
  );
});

test('weights sum to 1, lie within the axis and are symmetric', () => {
  fc.assert(
    fc.property(side, side, filter, (from, to, name) => {
      const rows = resampleRows(from, to, name);
      expect(rows.length).toBe(to);
      for (const { first, weights } of rows) {
        expect(first).toBeGreaterThanOrEqual(0);
        expect(first + weights.length).toBeLessThanOrEqual(from);
        expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      }
      if (name === 'nearest' || name === 'box') return; // halves go to one side
      rows.forEach(({ first, weights }, i) => {
        const other = rows[to - 1 - i];
        const at = (k: number): number => other?.weights[from - 1 - k - (other.first ?? 0)] ?? 0;
        weights.forEach((w, k) => {
          expect(w).toBeCloseTo(at(first + k), 9);
        });
      });
    }),
    { numRuns: 200 },
  );
});

test('nearest takes the sample at the centre', () => {
  expect(resampleRows(4, 2, 'nearest').map((r) => r.first)).toEqual([1, 3]);
  expect(resampleRows(2, 5, 'nearest').map((r) => r.first)).toEqual([0, 0, 1, 1, 1]);
  expect(() => resampleRows(4, 2, 'sharp' as ResampleName)).toThrow(/one of nearest, lanczos, .*got "sharp"/);
});

test('a centre crop is what lies at the same distance from the middle, black where nothing is', () => {
  fc.assert(
    fc.property(images, side, side, (image, width, height) => {
      const { data } = centreCrop(image, { width, height });
      const [left, top] = [Math.floor((image.width - width) / 2), Math.floor((image.height - height) / 2)];
      const want = Array.from({ length: 3 * width * height }, (_, i) => {
        const [x, y] = [(Math.floor(i / 3) % width) + left, Math.floor(i / 3 / width) + top];
        const inside = x >= 0 && x < image.width && y >= 0 && y < image.height;
        return inside ? image.data[3 * (y * image.width + x) + (i % 3)] : 0;
      });
      expect([...data]).toEqual(want);
    }),
  );
});

test('sizes that no image has are refused', () => {
  for (const width of [0, -1, 2 ** 30]) expect(() => resize(source, { width, height: 9, resample: 'bilinear' })).toThrow(HeadlightError);
});
