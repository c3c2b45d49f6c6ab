import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { convertToGguf, loadModel, saveModel } from '#dist/checkpoints/index.js';
import { HostArray, normal, randomKey } from '#dist/core/index.js';
import { type CachedModel, generateAll } from '#dist/generate/index.js';
import { GPT2, type LanguageModel, Llama, type LlamaConfig } from '#dist/models/index.js';
import { llamaScript, side, transformersScript, versionOf } from '../../bench/llama-cpp/sides.mjs';
import { writeTokenizer } from '../../bench/llama-cpp/tokenizer.mjs';
import { transformersOnnx } from '../../bench/llama-cpp/transformers-onnx.mjs';

/** Against code that we did not write: llama.cpp reads the GGUF files that we write and says the same. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-llama-cpp-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sizes = { vocabulary: 300, context: 128, layers: 3, heads: 4, width: 64 };
const llama = (config: Partial<LlamaConfig>) => () => new Llama({ ...sizes, kvHeads: 2, hidden: 96, seed: 3, ...config });
const llama3 = { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 } as const;

const models: Readonly<Record<string, () => LanguageModel>> = {
  'GPT-2': () => new GPT2({ ...sizes, tied: false, seed: 3 }),
  Llama: llama({}),
  'Llama, tied, wide heads': llama({ tied: true, headWidth: 32 }),
  'Llama 3.1, its rotary scaling': llama({ scaling: llama3, base: 500_000 }),
  'Qwen2, with biases': llama({ attentionBias: 'queryKeyValue', base: 1_000_000, tied: true }),
  'Qwen3, with norms of heads': llama({ headNorm: true, headWidth: 32, base: 1_000_000 }),
};

const isInstalled = versionOf('node-llama-cpp') !== undefined;
const hasTransformers = versionOf('@huggingface/transformers') !== undefined;
if (!isInstalled || !hasTransformers)
  console.warn('greedy tokens are not compared with llama.cpp or Transformers.js: npm install --prefix bench/peers');

test.skipIf(!isInstalled).each(Object.entries(models))('50 greedy tokens are llama.cpp’s: %s', async (name, make) => {
  const [checkpoint, gguf] = [join(folder, name), join(folder, `${name}.gguf`)];
  const model = make();
  spread(model);
  await saveModel(checkpoint, model);
  writeTokenizer(checkpoint, sizes.vocabulary);
  await convertToGguf(checkpoint, gguf, { type: 'F32' });
  const prompt = [17, 4, 250, 99, 31];
  const ours = await generateAll(await loadModel(gguf), prompt, { temperature: 0, maxNewTokens: 50 });
  const theirs = side(llamaScript, [gguf, '1', '128']);
  try {
    expect((await theirs.ask(prompt, 50)).ids).toEqual(ours.newIds);
  } finally {
    await theirs.close();
  }
  // A text that stands still would agree for less.
  expect(new Set(ours.newIds).size).toBeGreaterThan(8);
  const placed = await loadModel(checkpoint, { inPlace: true });
  expect((await generateAll(placed, prompt, { temperature: 0, maxNewTokens: 50 })).newIds).toEqual(ours.newIds);
});

test.skipIf(!hasTransformers).each(Object.entries(models))('50 greedy tokens are those of Transformers.js: %s', async (name, make) => {
  const checkpoint = join(folder, `${name}, for Transformers.js`);
  const model = make();
  spread(model);
  await saveModel(checkpoint, model);
  await mkdir(join(checkpoint, 'onnx'));
  await writeFile(join(checkpoint, 'onnx/model.onnx'), transformersOnnx(model as CachedModel));
  const prompt = [17, 4, 250, 99, 31];
  const theirs = side(transformersScript, [checkpoint, '1']);
  try {
    const { ids } = await theirs.ask(prompt, 50);
    expect(ids).toEqual((await generateAll(model, prompt, { temperature: 0, maxNewTokens: 50 })).newIds);
    expect(new Set(ids).size).toBeGreaterThan(8);
  } finally {
    await theirs.close();
  }
});

/** Weights so large that the text wanders and the likeliest token leads by far. */
function spread(model: LanguageModel): void {
  for (const [name, p] of model.parameters()) {
    const deviation = p.shape.length === 1 ? 0.1 : /^(tokens|positions)/.test(name) ? 1 : 2 / Math.sqrt(p.shape[0] as number);
    const mean = name.includes('norm') && name.endsWith('weight') ? 1 : 0;
    const data = Float32Array.from(p.value.data as Float32Array, (_, i) => mean + deviation * normal(randomKey(7, name), i));
    p.value = new HostArray(data, p.shape, 'float32');
  }
}
