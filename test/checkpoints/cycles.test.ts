import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  architectures,
  encoderArchitectures,
  imageArchitectures,
  loadEncoder,
  loadImageModel,
  loadModel,
  saveEncoder,
  saveImageModel,
  saveModel,
} from '#dist/checkpoints/index.js';
import { AttentionOnly } from '#dist/models/index.js';
import { fixture } from '../support/arrays.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const decoders = ['gpt2', 'llama', 'mistral', 'qwen2', 'qwen3', 'gemma', 'gemma2'].map((name) => `${name}-tiny`);
const heads = ['masked', 'sequence', 'token', 'question'];
const encoders = ['bert', 'roberta', 'distilbert'].flatMap((family) => heads.map((head) => `${family}-${head}`));

/** Copies a checkpoint through a model: by what its kind is opened and written with. */
const kinds: readonly [string, readonly string[], (from: string, to: string) => Promise<void>][] = [
  ['decoders', decoders, async (from, to) => saveModel(to, await loadModel(from))],
  ['encoders', [...encoders, 'minilm-tiny'], async (from, to) => saveEncoder(to, await loadEncoder(from))],
  [
    'models of images',
    ['vit-tiny', 'vit-body', 'deit-tiny', 'deit-teacher'],
    async (from, to) => saveImageModel(to, await loadImageModel(from)),
  ],
];

const contents = async (path: string): Promise<Record<string, Buffer>> =>
  Object.fromEntries(await Promise.all((await readdir(path)).map(async (name) => [name, await readFile(join(path, name))] as const)));

describe.each(kinds)('%s', (_, names, copy) => {
  test.each(names)('%s: what is written, opened and written again is the same, byte for byte', async (name) => {
    const [once, twice] = [join(folder, name, 'once'), join(folder, name, 'twice')];
    await copy(fixture(name), once);
    await copy(once, twice);
    expect(await contents(twice)).toEqual(await contents(once));
  });
});

test('so is the layout of our own', async () => {
  const [once, twice] = [join(folder, 'own', 'once'), join(folder, 'own', 'twice')];
  await saveModel(once, new AttentionOnly({ vocabulary: 7, context: 6, layers: 2, heads: 2, width: 8 }));
  await saveModel(twice, await loadModel(once));
  expect(await contents(twice)).toEqual(await contents(once));
});

test('every architecture that checkpoints can hold is among them, and says what Python’s transformers ask for', async () => {
  const seen = new Set<unknown>();
  for (const name of kinds.flatMap(([, names]) => names)) {
    const config = JSON.parse((await readFile(join(folder, name, 'once', 'config.json'))).toString()) as Record<string, unknown>;
    expect(config, name).toMatchObject({ architectures: [expect.any(String)], model_type: expect.any(String), torch_dtype: 'float32' });
    seen.add(config.model_type);
  }
  const known = [...architectures, ...encoderArchitectures, ...imageArchitectures].filter((a) => a.published);
  expect(seen).toEqual(new Set(known.map((a) => a.modelType)));
});
