import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertToGguf, endTokenIds, loadModelWithReport, openCheckpoint, openGguf, parseGguf } from '#dist/checkpoints/index.js';
import { lens } from '#dist/lens/index.js';
import { tokenizerFromJson } from '#dist/tokenizers/index.js';
import { fixture, largestDifference, relativeDifference } from '../../support/arrays.js';
import { type LlamaSizes, llamaConfig, llamaTensors, small, writeLlama } from '../llama-weights.js';
import { shared } from '../shared.js';
import { plainGguf, readPlainGguf } from './independent.js';

let folder = '';
const path = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-gguf-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a folder written as GGUF and read again', () => {
  const kinds: [string, LlamaSizes, Record<string, unknown>][] = [
    ['llama', small, {}],
    ['llama', { ...small, tied: false, headWidth: 10 }, { rope_scaling: { type: 'linear', factor: 4 } }],
    ['mistral', small, { sliding_window: null }],
    ['qwen2', { ...small, biases: true }, { rope_theta: 1e6, use_sliding_window: false, sliding_window: 4 }],
    [
      'qwen3',
      { ...small, headNorms: true, headWidth: 12 },
      { rope_parameters: { rope_theta: 1e6, rope_type: 'default' }, rope_theta: null },
    ],
  ];
  it.each(kinds)('has every tensor bit for bit under its own name: %s %o', async (modelType, sizes, more) => {
    await writeLlama(path('hf'), sizes, { ...llamaConfig(sizes, modelType), ...more });
    await convertToGguf(path('hf'), path('m.gguf'), { type: 'F32' });
    const source = await openGguf(path('m.gguf'));
    const tensors = llamaTensors(sizes);
    expect(new Set(source.names)).toEqual(new Set(tensors.keys()));
    for (const [name, array] of tensors) {
      expect(source.info(name)).toMatchObject({ dtype: 'F32', shape: array.shape });
      expect((await source.load(name)).data, name).toEqual(array.data);
    }
    const { model_type: type, hidden_size: width, rope_theta: theta, rope_scaling: scaling, ...rest } = source.config.values;
    expect(type).toBe(modelType === 'mistral' ? 'llama' : modelType);
    expect(width).toBe(sizes.width);
    expect(theta).toBe(modelType.startsWith('qwen') ? 1e6 : 10000);
    expect(scaling).toEqual(more.rope_scaling === undefined ? undefined : { rope_type: 'linear', factor: 4 });
    expect(rest).toMatchObject({
      vocab_size: 19,
      num_key_value_heads: 2,
      head_dim: sizes.headWidth ?? 8,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: sizes.tied ?? true,
    });
    await source.close();
    await expect(source.load('model.norm.weight')).rejects.toMatchObject({ code: 'disposed' });
  });

  it('pairs the rows of queries as llama.cpp does: reshape (heads, 2, D/2), exchange the last two', async () => {
    await writeLlama(path('hf'), small);
    await convertToGguf(path('hf'), path('m.gguf'), { type: 'F32' });
    const { tensors } = readPlainGguf(new Uint8Array(await readFile(path('m.gguf'))));
    const ours = new Float32Array((tensors.get('blk.1.attn_k.weight')?.bytes ?? new Uint8Array(0)).slice().buffer);
    const hf = llamaTensors(small).get('model.layers.1.self_attn.k_proj.weight')?.data as Float32Array;
    for (let head = 0; head < 2; head++) {
      for (let half = 0; half < 2; half++) {
        for (let i = 0; i < 4; i++) {
          const [theirs, here] = [head * 8 + half * 4 + i, head * 8 + 2 * i + half];
          expect(ours.subarray(here * 32, here * 32 + 32)).toEqual(hf.subarray(theirs * 32, theirs * 32 + 32));
        }
      }
    }
  });

  it("keeps Llama 3.1's scaling, which GGUF holds as divisors", async () => {
    const scaling = { factor: 32, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192, rope_type: 'llama3' };
    const sizes = { ...small, headWidth: 64 };
    await writeLlama(path('hf'), sizes, { ...llamaConfig(sizes), rope_theta: 500000, rope_scaling: scaling });
    await convertToGguf(path('hf'), path('m.gguf'), { type: 'F32' });
    const { tensors } = readPlainGguf(new Uint8Array(await readFile(path('m.gguf'))));
    const factors = new Float32Array((tensors.get('rope_freqs.weight')?.bytes ?? new Uint8Array(0)).slice().buffer);
    expect([factors.length, factors[0], factors[31]]).toEqual([32, 1, 32]);
    const source = await openGguf(path('m.gguf'));
    expect(source.config.values.rope_scaling).toEqual(scaling);
    expect(source.names).not.toContain('rope_freqs.weight');
    await source.close();
  });

  it.each(['llama-tiny', 'qwen3-tiny'])('is the same model: %s, written by PyTorch, its scaling of another context', async (name) => {
    await convertToGguf(fixture(name), path('m.gguf'), { type: 'F32' });
    const { model } = await loadModelWithReport(path('m.gguf'));
    const { model: original } = await loadModelWithReport(fixture(name));
    const logits = async (m: typeof model) => (await lens(m).capture([1, 2, 3, 4, 5, 6, 7, 8], 'logits')).logits?.data;
    expect(largestDifference(await logits(model), await logits(original))).toBe(0);
  });

  it.each(['F32', 'F16', 'Q8_0', 'Q4_0'] as const)('is the same GPT-2, as %s', async (type) => {
    await convertToGguf(fixture('gpt2-untied'), path('m.gguf'), { type });
    const { model, report } = await loadModelWithReport(path('m.gguf'));
    const { model: original } = await loadModelWithReport(fixture('gpt2-untied'));
    expect(report.format).toBe('gguf');
    expect(report.matched.find((m) => m.name === 'blocks.0.mlp.up.weight')?.dtype).toBe(type);
    expect(report.matched.find((m) => m.name === 'norm.weight')?.dtype).toBe('F32');
    const ids = [1, 5, 2, 7, 3];
    const [a, b] = [await lens(model).capture(ids, 'logits'), await lens(original).capture(ids, 'logits')];
    const bound = { F32: 0, F16: 5e-3, Q8_0: 5e-2, Q4_0: 0.6 }[type];
    if (type === 'F32') expect(largestDifference(a.logits?.data, b.logits?.data)).toBe(0);
    else expect(relativeDifference(a.logits?.data, b.logits?.data)).toBeLessThan(bound);
  });

  it('what GGUF cannot say is refused', async () => {
    const refused: [Record<string, unknown>, RegExp][] = [
      [{ sliding_window: 8 }, /attention over the whole context.*"sliding_window": 8/],
      [{ rope_scaling: { rope_type: 'yarn', factor: 2 } }, /default, linear or llama3; got "yarn"/],
      [{ model_type: 'mamba' }, /"model_type" that GGUF is written for: llama, mistral, qwen2, qwen3, gpt2; got "mamba"/],
    ];
    for (const [more, message] of refused) {
      await writeLlama(path('hf'), small, { ...llamaConfig(small), ...more });
      await expect(convertToGguf(path('hf'), path('m.gguf'))).rejects.toThrow(message);
    }
    await writeLlama(path('hf'), { ...small, biases: true });
    await expect(convertToGguf(path('hf'), path('m.gguf'))).rejects.toThrow(/tensors that GGUF has names for; got ".*_proj\.bias"/);
  });
});

describe('metadata that describe no model', () => {
  it.each([
    [{}, 'unsupported', /"general\.architecture" among: llama, qwen2, qwen3, gpt2; got none/],
    [{ 'general.architecture': [8, 'mamba'] as const }, 'unsupported', /got "mamba"/],
    [{ 'general.architecture': [8, 'llama'] as const }, 'checkpoint', /"llama\.embedding_length" is a whole number.*got none/],
    [{ 'general.architecture': [8, 'llama'] as const, 'llama.embedding_length': [8, 'x'] as const }, 'checkpoint', /got "x"/],
  ])('%o', async (values, code, message) => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(path('m.gguf'), plainGguf(values, []));
    await expect(openCheckpoint(path('m.gguf'))).rejects.toMatchObject({ code, message: expect.stringMatching(message) as unknown });
  });
});

describe('a tokenizer', () => {
  it('byte-level, in a file, encodes as the one in the folder', async () => {
    const gpt2 = shared('tokenizers/gpt2');
    const text = shared('data/tinyshakespeare.txt');
    if (gpt2 === undefined || text === undefined) return;
    await copyFile(join(gpt2, 'tokenizer.json'), path('tokenizer.json'));
    await copyFile(fixture('gpt2-tiny/config.json'), path('config.json'));
    await copyFile(fixture('gpt2-tiny/model.safetensors'), path('model.safetensors'));
    await convertToGguf(folder, path('m.gguf'));
    const lines = (await readFile(text, 'utf8')).split('\n').slice(0, 300);
    await expectSameTokens(path('tokenizer.json'), path('m.gguf'), [...lines, ' déjà  vu\t🜂 it’s <|endoftext|>']);
  });

  it('of pieces with scores, likewise', async () => {
    const stories = shared('models/stories260k');
    const text = shared('data/tinyshakespeare.txt');
    if (stories === undefined || text === undefined) return;
    await convertToGguf(stories, path('m.gguf'), { type: 'Q8_0' });
    const lines = (await readFile(text, 'utf8')).split('\n').slice(0, 1000);
    await expectSameTokens(join(stories, 'tokenizer.json'), path('m.gguf'), [...lines, ' déjà  vu\t🜂 it’s']);
    const source = await openGguf(path('m.gguf'));
    expect(source.tokenizer()?.config).toMatchObject({ bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' });
    await source.close();
  });

  async function expectSameTokens(jsonPath: string, ggufPath: string, lines: readonly string[]): Promise<void> {
    const theirs = tokenizerFromJson(JSON.parse(await readFile(jsonPath, 'utf8')));
    const source = await openGguf(ggufPath);
    const files = source.tokenizer();
    await source.close();
    const ours = tokenizerFromJson(files?.json, files?.config);
    for (const line of lines) {
      const ids = theirs.encode(line);
      expect(ours.encode(line), line).toEqual(ids);
      expect(ours.decode(ids)).toBe(theirs.decode(ids));
    }
  }

  const tokens = [9, [8, ['a', 'b']]] as const;
  const file = async (values: Parameters<typeof plainGguf>[0]) => {
    const { ggufSource } = await import('#dist/checkpoints/index.js');
    const sizes = Object.fromEntries(
      ['context_length', 'embedding_length', 'feed_forward_length', 'block_count', 'attention.head_count'].map((k) => [
        `gpt2.${k}`,
        [4, 2] as const,
      ]),
    );
    const bytes = plainGguf(
      { 'general.architecture': [8, 'gpt2'], ...sizes, 'gpt2.attention.layer_norm_epsilon': [6, 1e-5], ...values },
      [],
    );
    return ggufSource(await parseGguf(bytes, 'm.gguf'));
  };

  it('names the tokens that end a text and a turn', async () => {
    const ends = async (values: Parameters<typeof plainGguf>[0]): Promise<number[]> => {
      const { path: where, config } = await file({ 'tokenizer.ggml.tokens': tokens, ...values });
      return endTokenIds(where, config);
    };
    const [end, turn] = ['tokenizer.ggml.eos_token_id', 'tokenizer.ggml.eot_token_id'];
    expect(await ends({})).toEqual([]);
    expect(await ends({ [end]: [4, 1] })).toEqual([1]);
    expect(await ends({ [end]: [4, 1], [turn]: [4, 0] })).toEqual([1, 0]);
    expect(await ends({ [end]: [4, 1], [turn]: [4, 1] })).toEqual([1]);
    expect(await ends({ [turn]: [4, 0] })).toEqual([0]);
  });

  it('of lists that do not fit each other, or of another kind, is refused; its weights are not', async () => {
    const model = (kind: string) => ({ 'tokenizer.ggml.model': [8, kind] as const });
    expect((await file({ ...model('none'), 'tokenizer.ggml.tokens': tokens })).tokenizer()).toBeUndefined();
    const bad: [Parameters<typeof plainGguf>[0], string][] = [
      [{ ...model('bert'), 'tokenizer.ggml.tokens': tokens }, 'unsupported'],
      [{ ...model('gpt2'), 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.pre': [8, 'tekken'] }, 'unsupported'],
      [{ ...model('gpt2'), 'tokenizer.ggml.tokens': tokens }, 'tokenizer'],
      [{ ...model('llama'), 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.scores': [9, [6, [1]]] }, 'tokenizer'],
      [{ ...model('llama'), 'tokenizer.ggml.tokens': [9, [8, ['a'.repeat(600), 'b']]] }, 'tokenizer'],
    ];
    for (const [values, code] of bad) {
      const source = await file({ 'tokenizer.ggml.tokens': tokens, ...values });
      expect(() => source.tokenizer()).toThrow(expect.objectContaining({ code }));
    }
  });
});
