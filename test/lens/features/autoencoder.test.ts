import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { HostArray, normal, randomKey, uniform } from '#dist/core/index.js';
import { type Activations, activationsAt, describeFeatures, SparseAutoencoder, trainAutoencoder } from '#dist/lens/index.js';
import { lookedAt } from '../looked-models.js';

const folder = mkdtempSync(join(tmpdir(), 'autoencoder-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [width, directions, count] = [8, 12, 1500] as const;

/** Sums of few of 12 directions in 8 dimensions, more than fit there at right angles, with which ones they are of. */
function superposed(): { readonly activations: Activations; readonly truth: Float32Array; readonly vectors: Float32Array } {
  const key = randomKey(7, 'directions');
  const vectors = Float32Array.from({ length: directions * width }, (_, i) => normal(key, i));
  for (let d = 0; d < directions; d++) {
    const norm = Math.hypot(...vectors.subarray(d * width, (d + 1) * width));
    for (let j = 0; j < width; j++) vectors[d * width + j] = (vectors[d * width + j] as number) / norm;
  }
  const [values, truth] = [new Float32Array(count * width), new Float32Array(count * directions)];
  const draw = randomKey(7, 'which');
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < directions; d++) {
      if (uniform(draw, 2 * (i * directions + d)) > 0.1) continue;
      const size = 0.5 + uniform(draw, 2 * (i * directions + d) + 1);
      truth[i * directions + d] = size;
      for (let j = 0; j < width; j++) values[i * width + j] = (values[i * width + j] as number) + size * (vectors[d * width + j] as number);
    }
  }
  const zeros = () => new Int32Array(count);
  const positions = Int32Array.from({ length: count }, (_, i) => i);
  return {
    activations: { values: new HostArray(values, [count, width], 'float32'), texts: zeros(), positions, ids: zeros() },
    truth,
    vectors,
  };
}

describe.each([
  ['topk', { kind: 'topk', k: 2 } as const],
  ['l1', { kind: 'l1', cost: 1 } as const],
])('%s', (_, sparsity) => {
  test('finds the directions that values were made of', async () => {
    const { activations, truth, vectors } = superposed();
    const losses: number[] = [];
    const model = await trainAutoencoder(activations, {
      site: 'x',
      features: 24,
      sparsity,
      steps: 1500,
      lr: 3e-3,
      seed: 2,
      onStep: (_step, loss) => losses.push(loss),
    });
    expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] as number));
    const decoder = model.weights.decoder.data as Float32Array;
    const cosine = (f: number, d: number): number => {
      let dot = 0;
      for (let j = 0; j < width; j++) dot += (decoder[f * width + j] as number) * (vectors[d * width + j] as number);
      return dot;
    };
    const nearest = Array.from({ length: directions }, (_d, d) => {
      const all = Array.from({ length: 24 }, (_f, f) => cosine(f, d));
      return { feature: all.indexOf(Math.max(...all)), cosine: Math.max(...all) };
    });
    expect(nearest.filter((n) => n.cosine > 0.9).length).toBeGreaterThanOrEqual(10);

    const report = await describeFeatures(model, activations, { examples: 5 });
    expect(report.varianceExplained).toBeGreaterThan(0.75);
    expect(report.l0).toBeLessThan(5);
    if (sparsity.kind === 'topk') expect(report.l0).toBeLessThanOrEqual(2);
    expect(report.features.length + report.dead.length).toBe(24);
    // The first direction's examples are values that it is in, the largest first.
    const first = report.features.find(({ index }) => index === nearest[0]?.feature);
    expect(first?.examples).toHaveLength(5);
    const sizes = first?.examples.map(({ position }) => truth[position * directions] as number) ?? [];
    expect(Math.min(...sizes)).toBeGreaterThan(0.5);
    const order = first?.examples.map((e) => e.activation) ?? [];
    expect(order).toEqual([...order].sort((a, b) => b - a));
  });
});

test('decoder rows are of length 1; what was saved is what is read', async () => {
  const { activations } = superposed();
  const model = await trainAutoencoder(activations, { site: 'blocks.0.mlp.output', steps: 20 });
  const decoder = model.weights.decoder.data as Float32Array;
  for (let at = 0; at < decoder.length; at += width) expect(Math.hypot(...decoder.subarray(at, at + width))).toBeCloseTo(1, 5);
  const path = join(folder, 'sae.safetensors');
  await model.save(path);
  const read = await SparseAutoencoder.load(path);
  expect(read.config).toEqual(model.config);
  for (const name of ['encoder', 'encoderBias', 'decoder', 'bias'] as const)
    expect(read.weights[name].data).toEqual(model.weights[name].data);
});

test('the same seed gives the same features', async () => {
  const { activations } = superposed();
  const [a, b] = [
    await trainAutoencoder(activations, { site: 'x', steps: 15 }),
    await trainAutoencoder(activations, { site: 'x', steps: 15 }),
  ];
  expect(a.weights.encoder.data).toEqual(b.weights.encoder.data);
});

test('activations are the site’s values, each with its token', async () => {
  const { model } = lookedAt('gpt2');
  const prompts = [[[1, 2, 3], [4, 5, 6]], [7, 8]]; // biome-ignore format: prompts
  const { values, texts, positions, ids } = await activationsAt(model, prompts, 'blocks.1.attention.mixed');
  expect(values.shape).toEqual([8, 16]);
  expect([...ids]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...texts]).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
  expect([...positions]).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
  const translation = lookedAt('transformer, norms after');
  const source = await activationsAt(translation.model, [translation.prompt], 'encoder.blocks.1.residual.post');
  expect([...source.ids]).toEqual([3, 7, 1, 12, 4]);
  const { model: vit, prompt } = lookedAt('vit');
  expect((await activationsAt(vit, [prompt], 'blocks.0.mlp.post')).values.shape).toEqual([5, 32]);
});

test('bad input is refused', async () => {
  const { model } = lookedAt('gpt2');
  await expect(activationsAt(model, [[1]], 'blocks.0.attention.pattern')).rejects.toThrow(
    /activations at blocks\.0\.attention\.pattern: a site with a row for each token/,
  );
  await expect(activationsAt(model, [[1]], 'blocks.*.mlp.post')).rejects.toThrow(/one site; got 2 that match/);
  await expect(activationsAt(model, [], 'blocks.0.mlp.post')).rejects.toThrow(/at least one prompt/);
  const { activations } = superposed();
  await expect(trainAutoencoder(activations, { site: 'x', features: 4, sparsity: { kind: 'topk', k: 5 } })).rejects.toThrow(
    /k: from 1 to 4/,
  );
  const other = SparseAutoencoder.create({ site: 'x', width: 3, features: 4, sparsity: { kind: 'topk', k: 1 } });
  await expect(describeFeatures(other, activations)).rejects.toThrow(/values of width 3; got 8/);
  const path = join(folder, 'bad.safetensors');
  writeFileSync(path, 'no tensors');
  await expect(SparseAutoencoder.load(path)).rejects.toThrow(/bad\.safetensors/);
});
