import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadModel, loadModelWithReport, openCheckpoint, readSafetensors, writeSafetensors } from '#dist/checkpoints/index.js';
import { type HostArray, host } from '#dist/core/index.js';
import { fixture } from '../support/arrays.js';

let folder = '';
const index = (): string => join(folder, 'model.safetensors.index.json');
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-shards-'));
  await copyFile(fixture('gpt2-tiny/config.json'), join(folder, 'config.json'));
});
afterEach(() => rm(folder, { recursive: true }));

async function tensorsOf(path: string): Promise<Map<string, HostArray>> {
  const file = await readSafetensors(path);
  const tensors = new Map<string, HostArray>();
  for (const name of file.names) tensors.set(name, await file.load(name));
  await file.close();
  return tensors;
}

/** Writes the fixture as `count` shards; tensors go round. */
async function writeShards(count: number): Promise<Record<string, string>> {
  const all = [...(await tensorsOf(fixture('gpt2-tiny/model.safetensors')))];
  const places: Record<string, string> = {};
  for (let k = 0; k < count; k++) {
    const name = `model-0000${k + 1}-of-0000${count}.safetensors`;
    const part = all.filter((_, i) => i % count === k);
    for (const [tensor] of part) places[tensor] = name;
    await writeSafetensors(join(folder, name), new Map(part));
  }
  await writeFile(index(), JSON.stringify({ metadata: { total_size: 1 }, weight_map: places }));
  return places;
}

describe('a checkpoint in several files', () => {
  it('is the model that one file holds', async () => {
    await writeShards(3);
    const [one, several] = [await loadModel(fixture('gpt2-tiny')), await loadModel(folder)];
    for (const [name, { value }] of one.parameters()) expect(several.parameters().get(name)?.value.data, name).toEqual(value.data);
  });

  it('whose index does not fit its shards is refused in one line', async () => {
    const places = await writeShards(2);
    const [first] = Object.keys(places) as [string];
    const cases: [unknown, string, RegExp][] = [
      [{}, 'file', /"weight_map" is an object/],
      [{ weight_map: [] }, 'file', /"weight_map" is an object/],
      [{ weight_map: { ...places, [first]: '../model.safetensors' } }, 'file', /beside the index; got "\.\.\/model/],
      [{ weight_map: { ...places, [first]: '/etc/passwd' } }, 'file', /beside the index/],
      [{ weight_map: { ...places, [first]: 7 } }, 'file', /beside the index; got 7/],
      [{ weight_map: { ...places, [first]: 'model-9.safetensors' } }, 'file', /model-9\.safetensors: .*no such file/],
      [{ weight_map: { ...places, another: places[first] } }, 'checkpoint', /tensor "another" in "model-00001/],
    ];
    for (const [content, code, message] of cases) {
      await writeFile(index(), JSON.stringify(content));
      const error = await loadModel(folder).catch((e: unknown) => e);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
      expect((error as Error).message).not.toContain('\n');
    }
  });

  it('names the nearest tensor for one that is not there', async () => {
    await writeShards(2);
    const source = await openCheckpoint(folder);
    await expect(source.load('transformer.wte.weigth')).rejects.toThrow(/Nearest: .*"transformer\.wte\.weight"/);
    await source.close();
  });
});

describe('what became of every tensor', () => {
  const save = (tensors: Map<string, HostArray>) => writeSafetensors(join(folder, 'model.safetensors'), tensors);

  it('is reported: matched, missing, ignored', async () => {
    const tensors = await tensorsOf(fixture('gpt2-tiny/model.safetensors'));
    const wte = tensors.get('transformer.wte.weight') as HostArray;
    tensors.set('lm_head.weight', wte);
    tensors.set('transformer.h.0.attn.bias', host([1]));
    tensors.set('probe.weight', host([1, 2]));
    await save(tensors);
    await expect(loadModel(folder)).rejects.toThrow(/\d+ matched; 1 unknown \("probe\.weight"\); 2 ignored\./);
    const { model, report } = await loadModelWithReport(folder, { ignore: ['probe.*'] });
    expect(report.matched.length).toBe(model.parameters().size);
    expect(report.matched).toContainEqual({ name: 'tokens.weight', from: 'transformer.wte.weight', dtype: 'F32' });
    expect(report.missing).toEqual([]);
    expect(new Set(report.ignored)).toEqual(new Set(['lm_head.weight', 'transformer.h.0.attn.bias', 'probe.weight']));
    expect(report.format).toBe('safetensors');
    expect(report.parameters).toBe([...model.parameters().values()].reduce((sum, p) => sum + p.value.data.length, 0));
  });

  it('may be that a parameter has none, where that is allowed', async () => {
    const tensors = await tensorsOf(fixture('gpt2-tiny/model.safetensors'));
    tensors.delete('transformer.wpe.weight');
    await save(tensors);
    await expect(loadModel(folder)).rejects.toThrow(/1 missing \("positions\.weight"\)/);
    const { report } = await loadModelWithReport(folder, { allowMissing: ['positions.*'] });
    expect(report.missing).toEqual(['positions.weight']);
  });

  it('weights of integers are refused by name, float64 is narrowed', async () => {
    const tensors = await tensorsOf(fixture('gpt2-tiny/model.safetensors'));
    const norm = tensors.get('transformer.ln_f.bias') as HostArray;
    const shape = norm.shape;
    tensors.set('transformer.ln_f.bias', host(Float64Array.from(norm.data as Float32Array), { shape }));
    await save(tensors);
    expect((await loadModel(folder)).parameters().get('norm.bias')?.value.data).toEqual(norm.data);
    tensors.set('transformer.ln_f.bias', host(new Int8Array(norm.data.length), { shape }));
    await save(tensors);
    await expect(loadModel(folder)).rejects.toThrow(/"transformer\.ln_f\.bias" is of floating point, as weights are; got I8/);
  });
});

it('a folder without safetensors says what it has instead', async () => {
  await expect(openCheckpoint(folder)).rejects.toThrow(/weights: model\.safetensors or .*index\.json; got no such file/);
  await writeFile(join(folder, 'pytorch_model.bin'), '');
  await expect(openCheckpoint(folder)).rejects.toThrow(/only pytorch_model\.bin/);
  await rm(join(folder, 'config.json'));
  await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'file' });
});
