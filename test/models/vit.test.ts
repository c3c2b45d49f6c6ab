import { describe, expect, test } from 'vitest';
import { loadImageModel, toHf, transposed } from '#dist/checkpoints/index.js';
import { HeadlightError, type HostArray, host } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { deitNames, layerCount, layerOf, ViT, vitNames } from '#dist/models/index.js';
import { crossEntropy, input, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, Program } from '#dist/runtime/index.js';
import { fixture, largestDifference, relativeDifference } from '../support/arrays.js';
import { decoderSites, referenceOf } from './checkpoint.js';
import { everySite } from './vit-reference.js';

const folders = ['vit-tiny', 'vit-body', 'deit-tiny', 'deit-teacher'];
const output: Readonly<Record<string, string>> = { 'vit-body': 'pooled' };

describe.each(folders)('%s, a checkpoint that PyTorch wrote', (name) => {
  const last = output[name] ?? 'logits';

  test('every site is PyTorch’s within 1e-4', async () => {
    const reference = await referenceOf(`${name}/reference.safetensors`);
    const seen = await everySite(await loadImageModel(fixture(name)), reference.get('pixels') as HostArray);
    const sites = decoderSites(2).map((site) => (site === 'logits' ? last : site));
    expect(Object.keys(seen).sort()).toEqual(sites.sort());
    for (const site of sites) {
      expect(seen[site]?.shape, site).toEqual(reference.get(site)?.shape);
      expect(largestDifference(seen[site]?.data, reference.get(site)?.data), site).toBeLessThan(1e-4);
    }
  });

  test('an image of another size has its positions interpolated as PyTorch does', async () => {
    const reference = await referenceOf(`${name}/reference.safetensors`);
    const seen = await everySite(await loadImageModel(fixture(name)), reference.get('other.pixels') as HostArray);
    expect(seen[last]?.shape).toEqual(reference.get('other.output')?.shape);
    expect(largestDifference(seen[last]?.data, reference.get('other.output')?.data)).toBeLessThan(1e-4);
  });
});

describe.each(['vit-tiny', 'deit-tiny', 'deit-teacher'])('%s', (name) => {
  test('the loss and every gradient are PyTorch’s', async () => {
    const reference = await referenceOf(`${name}/reference.safetensors`);
    const model = await loadImageModel(fixture(name));
    const pixels = reference.get('pixels') as HostArray;
    const [images, targets] = [input('pixels', pixels.shape, 'float32'), input('targets', [2], 'int32')];
    const loss = crossEntropy(model.forward(images), targets);
    const parameters = [...model.parameters()];
    const found = gradients(
      loss,
      parameters.map(([, p]) => parameterTensor(p)),
    );
    const outputs: Record<string, Tensor> = { loss, ...Object.fromEntries(parameters.map(([n], i) => [n, found[i] as Tensor])) };
    const declared = [
      { name: 'pixels', spec: images },
      { name: 'targets', spec: targets },
    ];
    const program = await Program.create(lowerProgram(outputs, declared));
    const wanted = Array.from(reference.get('targets')?.data ?? [], Number);
    const got = await program.run({ pixels, targets: host(wanted, { dtype: 'int32' }) });
    await program.dispose();
    expect(got.loss?.item()).toBeCloseTo(reference.get('loss')?.item() ?? Number.NaN, 5);
    for (const [ours] of parameters) {
      const hf = toHf(ours, name === 'vit-tiny' ? vitNames : deitNames);
      const gradient = hf?.transpose ? transposed(got[ours] as HostArray) : (got[ours] as HostArray);
      const want = reference.get(`grad.${hf?.name}`);
      // A bias of keys moves every score of a query alike: its gradient is nothing but rounding.
      if (hf?.name.endsWith('key.bias')) expect(largestDifference(gradient.data, want?.data), ours).toBeLessThan(1e-6);
      else expect(relativeDifference(gradient.data, want?.data), ours).toBeLessThan(1e-5);
    }
  });
});

const sizes = { image: 8, patch: 4, layers: 2, heads: 2, width: 8, labels: ['a', 'b', 'c'] };

test('every parameter has a layer, embeddings below all, norms and heads above', () => {
  for (const head of ['classifier', 'teacher'] as const) {
    const names = [...new ViT({ ...sizes, head, distilled: true }).parameters().keys()];
    expect(layerCount(names)).toBe(2);
    const layers = names.map((name) => Number(layerOf(name, 2)));
    expect(layers).toEqual(layers.toSorted((a, b) => a - b));
    expect(new Set(layers)).toEqual(new Set([-1, 0, 1, 2]));
  }
});

test('without positions the order of patches says nothing: patches that change places change no logits', async () => {
  const model = new ViT({ ...sizes, seed: 3 });
  const positions = model.positions.weight;
  positions.value = host(new Float32Array(positions.value.data.length), { shape: positions.shape });
  const pixels = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i * 1.7));
  // Left and right halves change places: columns 0 to 3 with 4 to 7.
  const swapped = pixels.map((_, i) => pixels[i % 8 < 4 ? i + 4 : i - 4] as number);
  const logits = async (data: Float32Array) => (await everySite(model, host(data, { shape: [1, 3, 8, 8] }))).logits?.data;
  expect(largestDifference(await logits(pixels), await logits(swapped))).toBeLessThan(1e-6);
  const mirrored = pixels.map((_, i) => pixels[i - (i % 8) + 7 - (i % 8)] as number);
  expect(largestDifference(await logits(pixels), await logits(mirrored))).toBeGreaterThan(1e-5);
});

test('what cannot be is refused when the model is made or traced', () => {
  expect(() => new ViT({ ...sizes, patch: 3 })).toThrow(/a patch that divides the image; got image 8, patch 3/);
  expect(() => new ViT({ ...sizes, heads: 3 })).toThrow(HeadlightError);
  expect(() => new ViT({ ...sizes, layers: 0 })).toThrow(/layers is a whole number from 1; got 0/);
  expect(() => new ViT({ ...sizes, head: 'none' })).toThrow(/labels for a classifier and for nothing else.*got head none, 3 labels/);
  expect(() => new ViT({ ...sizes, head: 'teacher' })).toThrow(/a distillation token for a head that learned from a teacher/);
  const model = new ViT(sizes);
  expect(() => model.forward(input('pixels', [1, 3, 9, 8], 'float32'))).toThrow(
    /patches at patches: images \[B,3,height,width\] float32, their sides multiples of 4/,
  );
  expect(() => model.forward(input('pixels', [1, 1, 8, 8], 'float32'))).toThrow(HeadlightError);
  expect(() => model.forward(input('pixels', [1, 3, 8, 8], 'int32'))).toThrow(HeadlightError);
});
