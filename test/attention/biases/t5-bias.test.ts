import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { T5Bias, type T5BucketOptions, t5Bucket } from '#dist/attention/index.js';
import { parseSafetensors } from '#dist/checkpoints/index.js';
import { fixture } from '../../support/arrays.js';

/** Made by test/fixtures/t5_buckets.py. */
const made = parseSafetensors(readFileSync(fixture('t5_buckets.safetensors')));
const far = Number(made.metadata.far);
const cases = (JSON.parse(made.metadata.cases as string) as T5BucketOptions[]).map((options, i) => ({ ...options, i, options }));

describe(`PyTorch ${made.metadata.torch}`, () => {
  test.each(cases)('$buckets buckets, farthest $farthest, bidirectional $bidirectional: every offset', async ({ i, options }) => {
    const want = Array.from((await made.load(String(i))).data as Int32Array);
    expect(want.map((_, n) => t5Bucket(n - far, options))).toEqual(want);
  });
});

test('the defaults are T5’s', () => {
  expect([-1000, -128, -8, -1, 0, 1, 8, 128].map((offset) => t5Bucket(offset))).toEqual([15, 15, 8, 1, 0, 17, 24, 31]);
  expect(new T5Bias({ heads: 8 }).weight.shape).toEqual([32, 8]);
});

test('what has no buckets is refused', () => {
  expect(() => new T5Bias({ heads: 0 })).toThrow('T5 bias: a whole number from 1 as heads; got 0.');
  expect(() => new T5Bias({ heads: 2, buckets: 7 })).toThrow('T5 bias: an even number of buckets from 4; got 7.');
  expect(() => t5Bucket(0, { buckets: 1, bidirectional: false })).toThrow(/a whole number of buckets from 2; got 1/);
  expect(() => t5Bucket(0, { farthest: 8 })).toThrow(/a whole farthest distance above 8.*; got 8/);
});
