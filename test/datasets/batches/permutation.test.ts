import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomKey } from '#dist/core/index.js';
import { permutation } from '#dist/datasets/index.js';

test('is a bijection of any size, the same for the same key', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (size, seed) => {
      const at = permutation(size, randomKey(seed, 'order'));
      const images = Array.from({ length: size }, (_, i) => at(i));
      expect([...images].sort((a, b) => a - b)).toEqual(images.map((_, i) => i));
      expect(permutation(size, randomKey(seed, 'order'))(size - 1)).toBe(images[size - 1]);
    }),
  );
});

test('of small sizes, every order is about as likely as any other', () => {
  const draws = 24 * 400;
  const seen = new Map<string, number>();
  for (let seed = 0; seed < draws; seed++) {
    const at = permutation(4, randomKey(seed, 'order'));
    const order = [0, 1, 2, 3].map(at).join();
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  expect(seen.size).toBe(24);
  for (const count of seen.values()) expect(Math.abs(count - 400)).toBeLessThan(120); // six standard deviations of 20
});

test('of larger sizes, neighbours are sent far apart, and no place stays nearly where it was', () => {
  const size = 100_000;
  const at = permutation(size, randomKey(5, 'order'));
  // Two independent uniform places are a third of the size apart on average, with a standard deviation of 0.236 of it.
  const mean = (of: (i: number) => number): number => Array.from({ length: 10_000 }, (_, i) => of(i)).reduce((a, b) => a + b) / 10_000;
  expect(Math.abs(mean((i) => Math.abs(at(i) - at(i + 1))) / size - 1 / 3)).toBeLessThan(0.0142); // six standard errors
  expect(Math.abs(mean(at) / size - 1 / 2)).toBeLessThan(0.0174); // of 0.289 / 100
});

test('holds for sizes beyond 32 bits', () => {
  const size = 2 ** 41 + 12_345;
  const at = permutation(size, randomKey(1, 'order'));
  const images = Array.from({ length: 2000 }, (_, i) => at(size - 1 - i));
  expect(new Set(images).size).toBe(2000);
  for (const image of images) expect(Number.isInteger(image) && image >= 0 && image < size).toBe(true);
  expect(Math.max(...images)).toBeGreaterThan(size * 0.99);
});

test('refuses what is outside', () => {
  for (const size of [0, -1, 1.5, 2 ** 52 + 1, Number.NaN]) {
    expect(() => permutation(size, randomKey(1, 'order'))).toThrow(expect.objectContaining({ code: 'value' }));
  }
  const at = permutation(5, randomKey(1, 'order'));
  for (const index of [-1, 5, 0.5]) expect(() => at(index)).toThrow('permutation: an index from 0 to 4');
});
