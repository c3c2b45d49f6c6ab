import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { architectureOf, type JsonObject, loadModel, readSafetensors, saveModel } from '#dist/checkpoints/index.js';
import { HeadlightError } from '#dist/core/index.js';
import { Gemma, Llama, type LlamaConfig } from '#dist/models/index.js';
import { fixture } from '../support/arrays.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const jsonOf = async (path: string): Promise<JsonObject> => JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as JsonObject;

describe.each(['llama', 'mistral', 'qwen2', 'qwen3', 'gemma', 'gemma2'])('%s', (modelType) => {
  const path = fixture(`${modelType}-tiny`);

  test('a published file comes back tensor by tensor, under its own names, and means the same model', async () => {
    const model = await loadModel(path);
    await saveModel(folder, model);
    const [theirs, ours] = [
      await readSafetensors(join(path, 'model.safetensors')),
      await readSafetensors(join(folder, 'model.safetensors')),
    ];
    expect([...ours.names].sort()).toEqual([...theirs.names].sort());
    for (const name of theirs.names) expect(await ours.load(name), name).toEqual(await theirs.load(name));
    await theirs.close();
    await ours.close();
    expect((await jsonOf(folder)).model_type).toBe(modelType);
    expect(((await loadModel(folder)) as Llama | Gemma).config).toEqual((model as Llama | Gemma).config);
  });

  test('what its config says and Hugging Face’s layout shares, is written with the same words', async () => {
    await saveModel(folder, await loadModel(path));
    const [theirs, ours] = [await jsonOf(path), await jsonOf(folder)];
    const common = Object.keys(theirs).filter((k) => k in ours && !['rope_scaling', 'rope_theta'].includes(k));
    for (const key of common.filter((k) => theirs[k] !== null)) expect(ours[key], key).toEqual(theirs[key]);
    expect(common.length).toBeGreaterThan(10);
  });
});

const sizes = { vocabulary: 7, context: 8, layers: 2, heads: 4, width: 8 };

test.each<[string, Partial<LlamaConfig>]>([
  ['llama', {}],
  ['llama', { attentionBias: 'all', mlpBias: true, kvHeads: 1, tied: true }],
  ['llama', { scaling: { kind: 'linear', factor: 2 }, base: 500 }],
  ['llama', { scaling: { kind: 'dynamic', factor: 4 } }],
  ['mistral', { window: 3 }],
  ['qwen2', { attentionBias: 'queryKeyValue', windowed: [false, true], window: 2 }],
  ['qwen3', { headNorm: true, headWidth: 6, epsilon: 1e-6 }],
])('a new model is written as the member of the family that has it: %s %o', async (modelType, config) => {
  const model = new Llama({ ...sizes, ...config });
  await saveModel(folder, model);
  expect((await jsonOf(folder)).model_type).toBe(modelType);
  expect(((await loadModel(folder)) as Llama).config).toEqual(model.config);
});

test('a model that no member of a family has is not written', async () => {
  const both = new Llama({ ...sizes, headNorm: true, attentionBias: 'queryKeyValue' });
  await expect(saveModel(folder, both)).rejects.toThrow(/an architecture that checkpoints can hold: .*got Llama/);
  await expect(saveModel(folder, new Gemma({ ...sizes, hidden: 8, logitCap: 3 }))).rejects.toThrow(/got Gemma/);
});

const read = (values: JsonObject): Llama['config'] =>
  (architectureOf(values.model_type, 'config.json').read({ path: 'config.json', values }, { has: () => false }).model as Llama).config;

const llama: JsonObject = {
  model_type: 'llama',
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 32,
};

test('a config that says little means what Hugging Face’s defaults say', () => {
  expect(read(llama)).toMatchObject({ kvHeads: 4, headWidth: 2, base: 10000, epsilon: 1e-6, activation: 'silu', tied: false });
  expect(read(llama).scaling).toBeUndefined();
  expect(read({ ...llama, model_type: 'mistral' }).window).toBe(4096);
  expect(read({ ...llama, model_type: 'mistral', sliding_window: null }).window).toBeUndefined();
  expect(read({ ...llama, model_type: 'qwen2', sliding_window: 4 }).window).toBeUndefined();
  expect(read({ ...llama, model_type: 'gemma' }).headWidth).toBe(256);
});

test('rotary scalings in their older and newer forms', () => {
  const linear = { kind: 'linear', factor: 2 };
  expect(read({ ...llama, rope_scaling: { type: 'linear', factor: 2 } }).scaling).toEqual(linear);
  expect(read({ ...llama, rope_scaling: { rope_type: 'linear', factor: 2 } }).scaling).toEqual(linear);
  expect(read({ ...llama, rope_scaling: { type: 'dynamic', factor: 2 } }).scaling).toEqual({ kind: 'dynamic', factor: 2 });
  const newer = read({ ...llama, rope_parameters: { rope_type: 'linear', factor: 2, rope_theta: 50 } });
  expect([newer.scaling, newer.base]).toEqual([linear, 50]);
  expect(read({ ...llama, rope_parameters: { rope_type: 'default', rope_theta: 7 } })).toMatchObject({ base: 7, scaling: undefined });
  expect(read({ ...llama, rope_scaling: { rope_type: 'yarn', factor: 4 } }).scaling).toEqual({
    kind: 'yarn',
    factor: 4,
    originalContext: 32,
    fastTurns: 32,
    slowTurns: 1,
    attentionFactor: 0.1 * Math.log(4) + 1,
  });
});

test.each<[JsonObject, RegExp]>([
  [{ num_key_value_heads: 3 }, /at blocks\.0\.attention: .*divides the query heads; got 3 for 4/],
  [{ head_dim: 3 }, /rotary positions at rotary: an even number of rotated dimensions; got 3/],
  [{ hidden_size: 6 }, /at blocks\.0\.attention: a number of heads that divides the width.*got width 6, heads 4/],
  [{ hidden_act: 'sin' }, /"hidden_act" is one of .*silu/],
  [{ vocab_size: undefined }, /"vocab_size" is a whole number from 1 .*got none/],
  [{ rope_theta: 0 }, /"rope_theta" is a number/],
  [{ rope_scaling: { rope_type: 'longrope' } }, /"rope_type" among default, linear, dynamic, llama3, yarn; got "longrope"/],
  [
    { rope_scaling: { type: 'dynamic', factor: 2, original_max_position_embeddings: 16 } },
    /dynamic rotary scaling beyond the context only.*got an original context of 16 of 32 tokens\. Set "max_position_embeddings" to 16/,
  ],
  [{ rope_scaling: { rope_type: 'linear' } }, /"factor" is a number.*got none/],
  [{ partial_rotary_factor: 0.5 }, /"partial_rotary_factor" 1; got 0.5/],
  [{ rope_scaling: 3 }, /"rope_scaling" is an object; got number/],
  [{ rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 1 } }, /"high_freq_factor"/],
  [
    { model_type: 'qwen2', use_sliding_window: true, layer_types: ['full_attention'] },
    /"layer_types" says .* each of 2 layers; got a list of 1/,
  ],
  [{ model_type: 'gemma', tie_word_embeddings: false }, /"tie_word_embeddings" is true; got false/],
  [{ model_type: 'gemma2', attention_bias: true }, /"attention_bias" is false; got true/],
  [{ model_type: 'gemma2', attn_logit_softcapping: 0 }, /"attn_logit_softcapping" is a number/],
])('a config with %o', (change, message) => {
  const reading = (): unknown => read({ ...llama, ...change });
  expect(reading).toThrow(HeadlightError);
  expect(reading).toThrow(message);
});

test('weights of another number of key heads: which tensor, expected and got', async () => {
  await writeFile(join(folder, 'model.safetensors'), await readFile(fixture('llama-tiny/model.safetensors')));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...(await jsonOf(fixture('llama-tiny'))), num_key_value_heads: 4 }));
  await expect(loadModel(folder)).rejects.toThrow(
    /4 of another shape \("blocks\.0\.attention\.key\.weight" \[24,12\] instead of \[24,24\]/,
  );
});
