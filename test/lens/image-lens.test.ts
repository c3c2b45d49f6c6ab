import { expect, test } from 'vitest';
import { loadImageModel } from '#dist/checkpoints/index.js';
import { HeadlightError, type HostArray, host } from '#dist/core/index.js';
import { imageLens } from '#dist/lens/index.js';
import { ViT } from '#dist/models/index.js';
import { memory } from '#dist/runtime/index.js';
import { decoderSites, referenceOf } from '../models/checkpoint.js';
import { fixture, largestDifference } from '../support/arrays.js';
import { expectNoMoreMemory } from '../support/no-more-memory.js';

test('sites are listed with the shapes that values have', async () => {
  const model = await loadImageModel(fixture('deit-tiny'));
  const view = imageLens(model);
  const sites = view.sites();
  expect(sites.map(({ name }) => name).toSorted()).toEqual(decoderSites(2).toSorted());
  const reference = await referenceOf('deit-tiny/reference.safetensors');
  const seen = await view.capture(reference.get('pixels') as HostArray, '*');
  for (const { name, shape } of sites)
    expect(
      shape.map((s) => (s === 'B' ? 2 : Number(s))),
      name,
    ).toEqual(seen[name]?.shape);
});

test('what is captured is PyTorch’s, of the sites asked for, and nothing is left behind', async () => {
  const reference = await referenceOf('vit-tiny/reference.safetensors');
  const before = memory();
  const view = imageLens(await loadImageModel(fixture('vit-tiny')), { check: true, threads: 1 });
  const seen = await view.capture(reference.get('pixels') as HostArray, 'blocks.1.attention.pattern,logits');
  expect(Object.keys(seen)).toEqual(['blocks.1.attention.pattern', 'logits']);
  for (const [name, value] of Object.entries(seen))
    expect(largestDifference(value.data, reference.get(name)?.data), name).toBeLessThan(1e-4);
  await view.dispose();
  expectNoMoreMemory(before);
});

test('a NaN is named by its site, a glob that matches none by what is nearest', async () => {
  const model = new ViT({ image: 8, patch: 4, layers: 1, heads: 1, width: 4, labels: ['a'] });
  const pixels = host(new Float32Array(3 * 64).fill(Number.NaN), { shape: [1, 3, 8, 8] });
  await expect(imageLens(model, { check: true }).capture(pixels, 'logits')).rejects.toThrow(/check at embed: every value is finite/);
  await expect(imageLens(model).capture(pixels, 'blocks.9.*')).rejects.toThrow(HeadlightError);
});
