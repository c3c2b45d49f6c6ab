import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  imageArchitectures,
  type JsonObject,
  loadImageModel,
  loadModel,
  matchCheckpoint,
  type NameMap,
  readSafetensors,
  saveImageModel,
  writeSafetensors,
} from '#dist/checkpoints/index.js';
import { deitNames, deitPrefix, ViT, type ViTConfig, vitNames, vitPrefix } from '#dist/models/index.js';
import { fixture } from '../support/arrays.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const jsonOf = async (path: string): Promise<JsonObject> => JSON.parse(await readFile(path, 'utf8')) as JsonObject;

describe.each(['vit-tiny', 'vit-body', 'deit-tiny', 'deit-teacher'])('%s', (name) => {
  test('comes back tensor by tensor; the config says the same in the same words', async () => {
    const model = await loadImageModel(fixture(name));
    await saveImageModel(folder, model, { preprocessor: { size: 12 } });
    const theirs = await readSafetensors(join(fixture(name), 'model.safetensors'));
    const ours = await readSafetensors(join(folder, 'model.safetensors'));
    // The bare model is read with a prefix and without; it is written with it.
    const written = (tensor: string): string => (name === 'vit-body' ? `${vitPrefix}${tensor}` : tensor);
    expect([...ours.names].sort()).toEqual(theirs.names.map(written).sort());
    for (const tensor of theirs.names) expect(await ours.load(written(tensor)), tensor).toEqual(await theirs.load(tensor));
    await theirs.close();
    await ours.close();
    const [said, saved] = [await jsonOf(join(fixture(name), 'config.json')), await jsonOf(join(folder, 'config.json'))];
    for (const key of Object.keys(saved)) expect(saved[key], key).toEqual(said[key]);
    expect(await jsonOf(join(folder, 'preprocessor_config.json'))).toEqual({ size: 12 });
    expect((await loadImageModel(folder)).config).toEqual(model.config);
  });
});

/** Names and shapes of a published file, from the layout of `modeling_vit.py` and `modeling_deit.py` and the published sizes. */
function* published(prefix: string, tokens: readonly string[], heads: readonly string[]): Generator<[string, number[]]> {
  const [width, hidden, labels] = [768, 3072, 1000];
  const linear = (name: string, out: number, into: number): [string, number[]][] => [
    [`${name}.weight`, [out, into]],
    [`${name}.bias`, [out]],
  ];
  for (const token of tokens) yield [`${prefix}.embeddings.${token}`, [1, 1, width]];
  yield [`${prefix}.embeddings.position_embeddings`, [1, 14 * 14 + tokens.length, width]];
  yield [`${prefix}.embeddings.patch_embeddings.projection.weight`, [width, 3, 16, 16]];
  yield [`${prefix}.embeddings.patch_embeddings.projection.bias`, [width]];
  for (let i = 0; i < 12; i++) {
    const layer = `${prefix}.encoder.layer.${i}`;
    for (const part of ['query', 'key', 'value']) yield* linear(`${layer}.attention.attention.${part}`, width, width);
    yield* linear(`${layer}.attention.output.dense`, width, width);
    yield* linear(`${layer}.intermediate.dense`, hidden, width);
    yield* linear(`${layer}.output.dense`, width, hidden);
    for (const norm of ['before', 'after']) for (const p of ['weight', 'bias']) yield [`${layer}.layernorm_${norm}.${p}`, [width]];
  }
  for (const p of ['weight', 'bias']) yield [`${prefix}.layernorm.${p}`, [width]];
  for (const head of heads) yield* linear(head, labels, width);
}

const base = { image: 224, patch: 16, layers: 12, heads: 12, width: 768, labels: Array.from({ length: 1000 }, (_, i) => `${i}`) };

test.each<[string, ViTConfig, NameMap, string, Iterable<[string, number[]]>, number, number]>([
  ['google/vit-base-patch16-224', base, vitNames, vitPrefix, published('vit', ['cls_token'], ['classifier']), 200, 86_567_656],
  [
    'facebook/deit-base-distilled-patch16-224',
    { ...base, distilled: true, head: 'teacher' },
    deitNames,
    deitPrefix,
    published('deit', ['cls_token', 'distillation_token'], ['cls_classifier', 'distillation_classifier']),
    203,
    87_338_192,
  ],
])('the tensors of %s are the model’s, all and no others', (_, config, map, optionalPrefix, tensors, count, numbers) => {
  const shapes = new Map(tensors);
  expect(shapes.size).toBe(count);
  const model = new ViT(config);
  const expected = new Map([...model.parameters()].map(([name, p]) => [name, p.shape] as const));
  const file = { names: [...shapes.keys()], info: (name: string) => ({ dtype: 'F32', bytes: 0, shape: shapes.get(name) ?? [] }) };
  const report = matchCheckpoint({ expected, file, map, optionalPrefix });
  expect(report).toMatchObject({ missing: [], extra: [], ignored: [], wrongShape: [] });
  expect(report.assign.size).toBe(count);
  expect(model.parameterCount).toBe(numbers); // as the papers and model cards round it: 86M, 87M
});

/** A fixture's folder with its config changed, and its tensors. */
async function changed(name: string, config: JsonObject, tensors: (name: string) => string | undefined = (n) => n): Promise<string> {
  const path = join(folder, 'changed');
  await cp(fixture(name), path, { recursive: true });
  await writeFile(join(path, 'config.json'), JSON.stringify({ ...(await jsonOf(join(path, 'config.json'))), ...config }));
  const file = await readSafetensors(join(fixture(name), 'model.safetensors'));
  const kept = new Map<string, Awaited<ReturnType<typeof file.load>>>();
  for (const n of file.names) {
    const to = tensors(n);
    if (to !== undefined) kept.set(to, await file.load(n));
  }
  await file.close();
  await writeSafetensors(join(path, 'model.safetensors'), kept, { format: 'pt' });
  return path;
}

test('a config that names no class has the head that its file has', async () => {
  const none = { architectures: null };
  expect((await loadImageModel(await changed('vit-tiny', none))).config.head).toBe('classifier');
  expect((await loadImageModel(await changed('vit-body', none))).config.head).toBe('pooler');
  expect((await loadImageModel(await changed('deit-teacher', none))).config.head).toBe('teacher');
  const bare = await changed('vit-body', {}, (n) => (n.startsWith('pooler') ? undefined : `vit.${n}`));
  expect((await loadImageModel(bare)).config).toMatchObject({ head: 'none', labels: [] });
});

test('a classifier’s pooler and mask token are left unread', async () => {
  const extra = await changed('vit-tiny', {}, (n) => n);
  const file = await readSafetensors(join(extra, 'model.safetensors'));
  const all = new Map(await Promise.all(file.names.map(async (n) => [n, await file.load(n)] as const)));
  await file.close();
  const some = all.get('vit.embeddings.cls_token');
  if (some === undefined) throw new Error('the fixture has a class token');
  await writeSafetensors(
    join(extra, 'model.safetensors'),
    new Map([...all, ['vit.embeddings.mask_token', some], ['vit.pooler.dense.weight', some]]),
    {},
  );
  expect((await loadImageModel(extra)).config.labels).toHaveLength(5);
});

test.each<[JsonObject, RegExp]>([
  [{ architectures: ['ViTForMaskedImageModeling'] }, /names one of ViTForImageClassification, ViTModel; got "ViTForMaskedImageModeling"/],
  [{ patch_size: 5 }, /settings that a model can have; got ViT: a patch that divides the image/],
  [{ num_attention_heads: 5 }, /heads that divides the width/],
  [{ hidden_size: -1 }, /"hidden_size" is a whole number from 1/],
  [{ hidden_act: 'quick_gelu' }, /"hidden_act" is one of/],
  [{ id2label: { 0: 'a', 2: 'b' } }, /"id2label" names every class, by numbers from 0 on; got 2 entries/],
  [{ id2label: [] }, /"id2label" names every class/],
  [{ id2label: { 0: 'a', 1: 2 } }, /some missing or no text/],
  [{ id2label: null, num_labels: 4 }, /2 of another shape \("head\.weight" \[24,5\] instead of \[24,4\]/],
  [{ image_size: 16 }, /1 of another shape \("positions\.weight" \[1,10,24\] instead of \[1,17,24\]/],
  [
    { model_type: 'swin' },
    /"model_type" among: gpt2, .*; encoders: bert, .*; of images: vit, deit; encoder–decoders: headlight_transformer \(Headlight's own\); got "swin"/,
  ],
  [{ model_type: 'bert' }, /a model that takes images; got "bert", an encoder\. .*fill/],
])('a config of %o is refused in one line', async (config, message) => {
  const error = await loadImageModel(await changed('vit-tiny', config)).catch((e: Error) => e);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain('\n');
});

test('language models and image models are not taken for each other', async () => {
  await expect(loadModel(fixture('vit-tiny'))).rejects.toThrow(
    /a language model, which predicts the next token; got "vit", which takes images/,
  );
  await expect(loadImageModel(fixture('gpt2-tiny'))).rejects.toThrow(/a model that takes images.*got "gpt2"/);
  expect(imageArchitectures.map((a) => a.modelType)).toEqual(['vit', 'deit']);
});

test('DeiT’s bare model is written as one', async () => {
  const model = new ViT({ image: 8, patch: 4, layers: 1, heads: 1, width: 4, distilled: true, head: 'pooler' });
  await saveImageModel(folder, model); // DeiTModel, with its pooler
  expect((await loadImageModel(folder)).config).toEqual(model.config);
});
