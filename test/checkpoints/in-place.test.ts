import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadModel, readSafetensors, saveModel, writeSafetensors } from '#dist/checkpoints/index.js';
import { host } from '#dist/core/index.js';
import { decoderProgram } from '#dist/generate/decoder.js';
import { type CachedModel, generateAll, nextTokens } from '#dist/generate/index.js';
import { GPT2, type LanguageModel, Llama } from '#dist/models/index.js';
import { wanderingModel } from '../generate/models.js';
import { relativeDifference } from '../support/arrays.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-in-place-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sizes = { vocabulary: 61, context: 64, layers: 2, heads: 4, width: 32 };
const models: Readonly<Record<string, () => LanguageModel>> = {
  'GPT-2': () => wanderingModel(),
  'GPT-2, tied': () => wanderingModel({ tied: true }),
  Llama: () => new Llama({ ...sizes, kvHeads: 2, seed: 4 }),
  'Llama, tied, with biases': () => new Llama({ ...sizes, tied: true, attentionBias: 'all', mlpBias: true, seed: 4 }),
};

const storedNames = (model: LanguageModel): string[] =>
  [...model.parameters()].filter(([, p]) => p.stored !== undefined).map(([name]) => name);

/** The bytes of initializers that a model holds, and of those it names in files. */
function initializerBytes(model: LanguageModel): { held: number; named: number; files: Set<string> } {
  const { initializers } = decoderProgram(model as CachedModel, { embedParameters: true }).model.graph;
  const files = new Set<string>();
  let [held, named] = [0, 0];
  for (const { data } of initializers) {
    if (!(data instanceof Uint8Array)) files.add(data.location);
    if (data instanceof Uint8Array) held += data.length;
    else named += data.length;
  }
  return { held, named, files };
}

describe('weights that stay in their file', () => {
  test.each(Object.entries(models))('give the same text, and nothing of them is read into memory: %s', async (_, make) => {
    await saveModel(folder, make());
    const [read, placed] = [await loadModel(folder), await loadModel(folder, { inPlace: true })];
    const names = [...placed.parameters().keys()];
    expect(storedNames(placed)).toEqual(names);
    const options = { temperature: 0, maxNewTokens: 30 } as const;
    const [a, b] = [await generateAll(read, [3, 1, 4], options), await generateAll(placed, [3, 1, 4], options)];
    expect(b.newIds).toEqual(a.newIds);
    for (const [i, logprob] of a.logprobs.entries()) expect(b.logprobs[i]).toBeCloseTo(logprob, 4);
    expect(storedNames(placed)).toEqual(names);
    const { held, named, files } = initializerBytes(placed);
    // What is held are constants of the graph; the table that is also the head's weight is named twice.
    expect(held).toBeLessThan(4096);
    expect(named).toBeGreaterThanOrEqual(4 * placed.parameterCount);
    expect(files).toEqual(new Set(['model.safetensors']));
    expect(initializerBytes(read)).toMatchObject({ named: 0 });
  });

  test('that are asked for are the values, and are in memory from then on: changes count', async () => {
    await saveModel(folder, new Llama({ ...sizes, seed: 4 }));
    const [read, placed] = [await loadModel(folder), await loadModel(folder, { inPlace: true })];
    const expected = read.parameters();
    for (const [name, parameter] of placed.parameters()) {
      expect(parameter.value, name).toEqual(expected.get(name)?.value);
      expect(parameter.stored).toBeUndefined();
    }
    placed
      .parameters()
      .get('norm.weight')
      ?.value.data.fill(0 as never);
    const decoder = await nextTokens(placed);
    expect(Math.max(...(await decoder.append([1, 2])).map(Math.abs))).toBe(0);
    await decoder.dispose();
  });

  test('of which a large one was changed, and is in memory, go on with the others in their file', async () => {
    // Beyond 64 KiB, where a program's initializers would stand beside it.
    await saveModel(folder, new Llama({ ...sizes, width: 160, seed: 4 }));
    const [read, placed] = [await loadModel(folder), await loadModel(folder, { inPlace: true })];
    for (const model of [read, placed]) {
      const query = model.parameters().get('blocks.0.attention.query.weight')?.value.data as Float32Array;
      for (let i = 0; i < query.length; i++) query[i] = Math.sin(i);
    }
    expect(storedNames(placed)).toHaveLength(placed.parameters().size - 1);
    const options = { temperature: 0, maxNewTokens: 20 } as const;
    expect((await generateAll(placed, [3, 1], options)).newIds).toEqual((await generateAll(read, [3, 1], options)).newIds);
  });

  test('a large table is read in parts that cover it, to the same logits', async () => {
    const model = new GPT2({ vocabulary: 20_003, context: 8, layers: 1, heads: 1, width: 512, seed: 2 });
    await saveModel(folder, model);
    const placed = await loadModel(folder, { inPlace: true });
    const { initializers } = decoderProgram(placed as CachedModel, { embedParameters: true }).model.graph;
    const parts = initializers.filter(({ dims }) => dims[1] === 512 && (dims[0] as number) > 5000 && dims[0] !== 20_003);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.reduce((sum, { dims }) => sum + (dims[0] as number), 0)).toBe(20_003);
    const [a, b] = [await nextTokens(model), await nextTokens(placed)];
    expect(relativeDifference(await b.append([7, 19_999]), await a.append([7, 19_999]))).toBeLessThan(1e-5);
    await Promise.all([a.dispose(), b.dispose()]);
  });

  test('behind links, as the hub’s cache has them', async () => {
    await saveModel(join(folder, 'blobs'), wanderingModel());
    await mkdir(join(folder, 'snapshot'));
    for (const file of ['config.json', 'model.safetensors']) await symlink(join(folder, 'blobs', file), join(folder, 'snapshot', file));
    const [read, placed] = [await loadModel(join(folder, 'blobs')), await loadModel(join(folder, 'snapshot'), { inPlace: true })];
    const options = { temperature: 0, maxNewTokens: 5 } as const;
    expect((await generateAll(placed, [3], options)).newIds).toEqual((await generateAll(read, [3], options)).newIds);
  });

  test('parameters of two folders in one program: those of one are read in place, the others into memory', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    await saveModel(a, new Llama({ ...sizes, seed: 4 }));
    await saveModel(b, new Llama({ ...sizes, seed: 5 }));
    const [first, second, mixed] = [await loadModel(a), await loadModel(b, { inPlace: true }), await loadModel(a, { inPlace: true })];
    for (const name of ['blocks.0.attention.key.weight', 'tokens.weight', 'blocks.1.norm1.weight']) {
      const stored = second.parameters().get(name)?.stored;
      if (stored !== undefined) mixed.parameters().get(name)?.store(stored);
      const parameter = first.parameters().get(name);
      if (stored !== undefined && parameter !== undefined) parameter.value = stored.read();
    }
    const options = { temperature: 0, maxNewTokens: 8 } as const;
    expect((await generateAll(mixed, [3], options)).newIds).toEqual((await generateAll(first, [3], options)).newIds);
  });

  test('of a file that is written over, or gone, are refused by name', async () => {
    await saveModel(folder, wanderingModel());
    const weights = join(folder, 'model.safetensors');
    const replaced = await loadModel(folder, { inPlace: true });
    await saveModel(folder, wanderingModel({ seed: 8 }));
    const message = /model\.safetensors: the file that was opened, as it was; got another or a changed one/;
    await expect(nextTokens(replaced)).rejects.toMatchObject({ code: 'file', message: expect.stringMatching(message) });
    expect(() => replaced.parameters().get('norm.weight')?.value).toThrow(message);
    const touched = await loadModel(folder, { inPlace: true });
    await utimes(weights, 1, 1);
    await expect(nextTokens(touched)).rejects.toThrow(message);
    const lost = await loadModel(folder, { inPlace: true });
    await rm(weights);
    await expect(nextTokens(lost)).rejects.toThrow(/got no such file/);
  });
});

test('only float32 tensors of files, from boundaries of 4 bytes, can be read in place', async () => {
  const path = join(folder, 'mixed.safetensors');
  await writeSafetensors(
    path,
    new Map([
      ['a', host([1, 2])],
      ['b', host(Int32Array.of(1))],
    ]),
  );
  const file = await readSafetensors(path);
  const place = await file.place('a');
  expect(place?.file.name).toBe('mixed.safetensors');
  expect(new Float32Array(place?.file.read(place.offset, 8).buffer as ArrayBuffer)).toEqual(Float32Array.of(1, 2));
  expect(await file.place('b')).toBeUndefined();
  await file.close();
  // A header of odd length puts its numbers where none can be read.
  const header = new TextEncoder().encode('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
  const odd =
    header.length % 4 === 1
      ? header
      : Uint8Array.from([...header, ...new Array(3).fill(32)]).subarray(0, header.length + ((5 - (header.length % 4)) % 4));
  const bytes = new Uint8Array(8 + odd.length + 4);
  new DataView(bytes.buffer).setUint32(0, odd.length, true);
  bytes.set(odd, 8);
  await writeFile(path, bytes);
  const unaligned = await readSafetensors(path);
  expect(await unaligned.place('a')).toBeUndefined();
  await unaligned.close();
});
