import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { samplingDefaults } from '#dist/checkpoints/index.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headlight-defaults-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (values: unknown): ReturnType<typeof samplingDefaults> => {
  writeFileSync(join(folder, 'generation_config.json'), JSON.stringify(values));
  return samplingDefaults(folder);
};

test('a checkpoint without the file, or a single file, says nothing', async () => {
  expect(await samplingDefaults(join(folder, 'none'))).toEqual({});
  writeFileSync(join(folder, 'model.gguf'), 'GGUF');
  expect(await samplingDefaults(join(folder, 'model.gguf'))).toEqual({});
});

test('names and values are transformers’', async () => {
  // As Qwen2.5-0.5B-Instruct is published with.
  const qwen = { do_sample: true, repetition_penalty: 1.1, temperature: 0.7, top_p: 0.8, top_k: 20, eos_token_id: [151645, 151643] };
  expect(await read(qwen)).toEqual({ repetitionPenalty: 1.1, temperature: 0.7, topP: 0.8, topK: 20 });
  const rest = { min_p: 0.1, typical_p: 0.9, no_repeat_ngram_size: 3 };
  expect(await read(rest)).toEqual({ minP: 0.1, typicalP: 0.9, noRepeatNgram: 3 });
  expect(await read({ top_k: 0, no_repeat_ngram_size: 0, top_p: null })).toEqual({});
});

test('do_sample: false is greedy, and keeps the penalties', async () => {
  const values = { do_sample: false, temperature: 0.7, top_p: 0.8, repetition_penalty: 1.2 };
  expect(await read(values)).toEqual({ temperature: 0, repetitionPenalty: 1.2 });
});

test.each<[string, unknown]>([
  ['temperature', -1],
  ['temperature', 'hot'],
  ['top_k', 1.5],
  ['top_p', 0],
  ['min_p', 2],
  ['typical_p', 1.5],
  ['repetition_penalty', 0],
  ['no_repeat_ngram_size', [2]],
])('a value that cannot be is refused, with its name: %s %j', async (name, value) => {
  await expect(read({ [name]: value })).rejects.toThrow(new RegExp(`generation_config.json.*"${name}"`));
});
