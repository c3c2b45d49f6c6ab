import { describe, expect, test } from 'vitest';
import { below, hashName, mix, normal, randomBits, randomKey, uniform } from '#dist/core/index.js';

const mask = 0xffffffffn;

/** The finaliser once more, in exact integers. */
function exactMix(x: bigint): bigint {
  let h = x & mask;
  h ^= h >> 16n;
  h = (h * 0x7feb352dn) & mask;
  h ^= h >> 15n;
  h = (h * 0x846ca68bn) & mask;
  return h ^ (h >> 16n);
}

const draws = (count: number, f: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => f(i));
const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const correlation = (x: readonly number[], y: readonly number[]): number => {
  const [mx, my] = [mean(x), mean(y)];
  const part = (f: (i: number) => number): number => mean(x.map((_, i) => f(i)));
  const covariance = part((i) => ((x[i] as number) - mx) * ((y[i] as number) - my));
  return covariance / Math.sqrt(part((i) => ((x[i] as number) - mx) ** 2) * part((i) => ((y[i] as number) - my) ** 2));
};

describe('the hash', () => {
  test('is the finaliser in exact integer arithmetic', () => {
    for (const x of [0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, ...draws(200, (i) => Math.imul(i + 1, 0x9e3779b1) >>> 0)])
      expect(mix(x)).toBe(Number(exactMix(BigInt(x))));
  });

  test('names are hashed by FNV-1a, whose published values are known', () => {
    expect(hashName('')).toBe(mix(0x811c9dc5));
    expect(hashName('a')).toBe(mix(0xe40c292c));
    expect(hashName('foobar')).toBe(mix(0xbf9cf968));
  });

  test('draws never change from version to version: files and resumed runs depend on them', () => {
    const key = randomKey(42, 'blocks.0.attention.qkv.weight', 3);
    expect([key.k0, key.k1, ...draws(4, (i) => randomBits(key, i))]).toEqual([
      4131011527, 3282113601, 636959822, 425939981, 4044697086, 3474870282,
    ]);
  });

  test('is one-to-one on indices: one stream repeats no 32 bits', () => {
    const key = randomKey(1, 'once');
    expect(new Set(draws(100_000, (i) => randomBits(key, i))).size).toBe(100_000);
  });
});

describe('streams', () => {
  const n = 20_000;
  const base = randomKey(7, 'stream', 5);
  const reference = draws(n, (i) => uniform(base, i));
  test.each([
    ['another seed', randomKey(8, 'stream', 5)],
    ['another seed beyond 32 bits', randomKey(7 + 2 ** 32, 'stream', 5)],
    ['another name', randomKey(7, 'stream2', 5)],
    ['the next step', randomKey(7, 'stream', 6)],
  ])('%s draws other, unrelated numbers', (_, key) => {
    const other = draws(n, (i) => uniform(key, i));
    expect(other.filter((x, i) => x === reference[i]).length).toBeLessThan(2);
    // A correlation of independent draws is about 1/√n.
    expect(Math.abs(correlation(reference, other))).toBeLessThan(5 / Math.sqrt(n));
  });

  test('neighbours within a stream are unrelated', () => {
    for (const lag of [1, 2, 64])
      expect(Math.abs(correlation(reference.slice(0, -lag), reference.slice(lag)))).toBeLessThan(5 / Math.sqrt(n));
  });

  test('the same key draws the same', () => {
    expect(draws(50, (i) => uniform(randomKey(7, 'stream', 5), i))).toEqual(reference.slice(0, 50));
  });
});

test('uniform numbers fill [0, 1) evenly', () => {
  const key = randomKey(3, 'uniform');
  const [n, bins] = [100_000, 64];
  const counts = new Array<number>(bins).fill(0);
  for (const x of draws(n, (i) => uniform(key, i))) {
    expect(x >= 0 && x < 1).toBe(true);
    counts[Math.floor(x * bins)] = (counts[Math.floor(x * bins)] as number) + 1;
  }
  const chiSquared = counts.reduce((sum, c) => sum + (c - n / bins) ** 2 / (n / bins), 0);
  // 63 degrees of freedom: mean 63, deviation 11.2; beyond 110 has a chance of 2 in 10,000, and the draws are fixed.
  expect(chiSquared).toBeLessThan(110);
  expect(chiSquared).toBeGreaterThan(30);
});

test('integers below n: all of them, none else', () => {
  const key = randomKey(4, 'below');
  expect([...new Set(draws(500, (i) => below(key, i, 7)))].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test('normal numbers have the moments of a standard normal', () => {
  const key = randomKey(5, 'normal');
  const n = 100_000;
  const x = draws(n, (i) => normal(key, i));
  const moment = (k: number): number => mean(x.map((v) => v ** k));
  // Deviations of the sample moments are √(1, 2, 15, 96)/√n.
  expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(n));
  expect(Math.abs(moment(2) - 1)).toBeLessThan((4 * Math.SQRT2) / Math.sqrt(n));
  expect(Math.abs(moment(3))).toBeLessThan((4 * Math.sqrt(15)) / Math.sqrt(n));
  expect(Math.abs(moment(4) - 3)).toBeLessThan((4 * Math.sqrt(96)) / Math.sqrt(n));
  const inside = x.filter((v) => Math.abs(v) < 1).length / n;
  expect(Math.abs(inside - 0.6827)).toBeLessThan(0.006);
  expect(x.every(Number.isFinite)).toBe(true);
});
