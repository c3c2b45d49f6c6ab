import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '#dist/checkpoints/index.js';
import { type LlamaSizes, llamaConfig, llamaTensors, small } from './llama-weights.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-llama2c-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A `.bin` as llama2.c's description of it says, from Hugging Face's tensors; queries and keys as Meta's weights have them. */
function binOf(sizes: LlamaSizes): Uint8Array {
  const { width, hidden, layers, heads, keyHeads, vocabulary, context, tied = true } = sizes;
  const tensors = llamaTensors(sizes);
  const header = Int32Array.of(width, hidden, layers, heads, keyHeads, tied ? vocabulary : -vocabulary, context);
  const numbers: number[] = [];
  const dataOf = (name: string): Float32Array => {
    const data = tensors.get(name)?.data;
    if (data instanceof Float32Array) return data;
    throw new Error(`no tensor ${name}`);
  };
  const put = (name: string): void => void numbers.push(...dataOf(name));
  const paired = (name: string, count: number): void => {
    const data = dataOf(name);
    const half = width / heads / 2;
    for (let head = 0; head < count; head++) {
      for (let i = 0; i < half; i++) {
        for (const row of [head * 2 * half + i, head * 2 * half + half + i]) numbers.push(...data.subarray(row * width, (row + 1) * width));
      }
    }
  };
  const layered = (name: string, write: (full: string) => void = put): void => {
    for (let i = 0; i < layers; i++) write(`model.layers.${i}.${name}.weight`);
  };
  put('model.embed_tokens.weight');
  layered('input_layernorm');
  layered('self_attn.q_proj', (name) => paired(name, heads));
  layered('self_attn.k_proj', (name) => paired(name, keyHeads));
  layered('self_attn.v_proj');
  layered('self_attn.o_proj');
  layered('post_attention_layernorm');
  layered('mlp.gate_proj'); // w1
  layered('mlp.down_proj'); // w2
  layered('mlp.up_proj'); // w3
  put('model.norm.weight');
  for (let i = 0; i < (context * width) / heads; i++) numbers.push(9);
  if (!tied) put('lm_head.weight');
  return new Uint8Array(Buffer.concat([Buffer.from(header.buffer), Buffer.from(Float32Array.from(numbers).buffer)]));
}

describe("llama2.c's .bin", () => {
  it.each([true, false])('has the tensors of the Hugging Face folder, bit for bit; classifier shared: %s', async (tied) => {
    const sizes = { ...small, tied };
    const path = join(folder, 'm.bin');
    await writeFile(path, binOf(sizes));
    const source = await openCheckpoint(path);
    expect(source.config.values).toMatchObject(llamaConfig(sizes));
    const tensors = llamaTensors(sizes);
    expect(new Set(source.names)).toEqual(new Set(tensors.keys()));
    for (const [name, array] of tensors) {
      expect(source.info(name)).toEqual({ dtype: 'F32', shape: array.shape, bytes: array.data.byteLength });
      expect((await source.load(name)).data, name).toEqual(array.data);
    }
    await expect(source.load('model.norm.weigth')).rejects.toThrow(/Nearest: "model\.norm\.weight"/);
    await source.close();
    await expect(source.load('model.norm.weight')).rejects.toMatchObject({ code: 'disposed' });
  });

  it('of other sizes, versions and lengths is refused in one line', async () => {
    const good = binOf(small);
    const withWord = (at: number, value: number): Uint8Array => {
      const copy = good.slice();
      new DataView(copy.buffer).setInt32(4 * at, value, true);
      return copy;
    };
    const cases: [Uint8Array, string, RegExp][] = [
      [new Uint8Array(27), 'file', /at least 28 bytes; got 27/],
      [good.slice(0, good.length - 4), 'file', /bytes, which the header's sizes give; got/],
      [withWord(0, 0x616b3432), 'unsupported', /version 0; got version 44/],
      [withWord(0, -3), 'file', /width -3/],
      [withWord(1, 2 ** 30), 'file', /hidden 1073741824/],
      [withWord(2, 100_000), 'file', /at most 1000 layers/],
      [withWord(3, 5), 'file', /an even number for each head/],
      [withWord(4, 3), 'file', /an even number for each head/],
      [withWord(5, 0), 'file', /vocabulary 0/],
      [withWord(6, 17), 'file', /bytes, which/],
    ];
    for (const [bytes, code, message] of cases) {
      await writeFile(join(folder, 'bad.bin'), bytes);
      const error = await openCheckpoint(join(folder, 'bad.bin')).catch((e: unknown) => e);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
      expect((error as Error).message).not.toContain('\n');
    }
  });
});
