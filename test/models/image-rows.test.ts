import { expect, test } from 'vitest';
import { host } from '#dist/core/index.js';
import { preprocess } from '#dist/datasets/index.js';
import { ImageRows, ViT } from '#dist/models/index.js';
import type { Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { largestDifference } from '../support/arrays.js';
import { everySite } from './vit-reference.js';

test.each([1, 3] as const)('a row of %s-channel pixels is the image that preprocessing makes', async (channels) => {
  const vit = new ViT({ image: 8, patch: 4, channels, layers: 1, heads: 2, width: 8, labels: ['a', 'b', 'c'], seed: 4 });
  const model = new ImageRows(vit, { mean: 0.3, deviation: 0.4 });
  expect([model.vocabulary, model.context]).toEqual([3, 64 * channels]);
  const data = Uint8Array.from({ length: 64 * 3 }, (_, i) => (channels === 1 ? 7 * Math.floor(i / 3) : 5 * i) % 256);
  const row = Int32Array.from(channels === 1 ? data.filter((_, i) => i % 3 === 0) : data);
  const forward = compile((rows: Tensor) => model.forward(rows));
  const logits = await forward(host(row, { shape: [1, row.length] }));
  await forward.dispose();
  const plain = { size: undefined, resample: 'bilinear', crop: undefined, rescale: 1 / 255 } as const;
  const normalise = { mean: [0.3, 0.3, 0.3], deviation: [0.4, 0.4, 0.4] };
  const pixels = preprocess({ width: 8, height: 8, data }, { ...plain, normalise }, channels);
  const want = await everySite(vit, host(pixels.data as Float32Array, { shape: [1, ...pixels.shape] }));
  expect(logits.shape).toEqual([1, 1, 3]);
  expect(largestDifference(logits.data, want.logits?.data)).toBeLessThan(1e-5);
});
