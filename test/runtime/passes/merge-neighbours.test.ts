import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadModel, saveModel } from '#dist/checkpoints/index.js';
import { decoderProgram } from '#dist/generate/decoder.js';
import { type CachedModel, nextTokens } from '#dist/generate/index.js';
import { Llama, type LlamaConfig } from '#dist/models/index.js';
import { relativeDifference } from '../../support/arrays.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-neighbours-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sizes = { vocabulary: 61, context: 64, layers: 2, heads: 4, kvHeads: 2, width: 32, hidden: 48, seed: 4 };

/** Shapes of the factors of a decoder's products, by the module that each is named after. */
async function factors(config: Partial<LlamaConfig>): Promise<Record<string, readonly number[]>> {
  await saveModel(folder, new Llama({ ...sizes, ...config }));
  const placed = (await loadModel(folder, { inPlace: true })) as CachedModel;
  const { nodes, initializers } = decoderProgram(placed, { embedParameters: true }).model.graph;
  const dims = new Map(initializers.map((tensor) => [tensor.name, tensor.dims]));
  const products = nodes.filter(({ type }) => type === 'Gemm');
  return Object.fromEntries(products.map(({ name, inputs }) => [name.split('/')[0], dims.get(inputs[1] ?? '') ?? []]));
}

describe('products whose weights lie behind one another in a file', () => {
  test('are one: queries with values, gates with up; others stay', async () => {
    const found = await factors({});
    // Sorted by name: down, gate, up; k, o, q, v.
    expect(found['blocks.1.attention.query']).toEqual([32 + 16, 32]);
    expect(found['blocks.1.attention.key']).toEqual([16, 32]);
    expect(found['blocks.1.attention.value']).toBeUndefined();
    expect(found['blocks.1.attention.output']).toEqual([32, 32]);
    expect(found['blocks.1.mlp.gate']).toEqual([48 + 48, 32]);
    expect(found['blocks.1.mlp.up']).toBeUndefined();
    expect(found['blocks.1.mlp.down']).toEqual([32, 48]);
  });

  test('with biases stay apart', async () => {
    const found = await factors({ attentionBias: 'all' });
    expect(found['blocks.0.attention.query']).toEqual([32, 32]);
    expect(found['blocks.0.attention.value']).toEqual([16, 32]);
    expect(found['blocks.0.mlp.gate']).toEqual([96, 32]);
  });

  test('give the same logits, of prompts and of single tokens', async () => {
    const model = new Llama(sizes);
    await saveModel(folder, model);
    const [a, b] = [await nextTokens(model), await nextTokens(await loadModel(folder, { inPlace: true }))];
    for (const ids of [[7, 3, 60, 1], [5], [9]]) expect(relativeDifference(await b.append(ids), await a.append(ids))).toBeLessThan(1e-5);
    await Promise.all([a.dispose(), b.dispose()]);
  });
});
