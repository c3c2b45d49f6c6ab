import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { convertToGguf, readSafetensors, saveModel } from '#dist/checkpoints/index.js';
import { RecurrentLanguageModel } from '#dist/models/index.js';
import { headlight, metricsOf, temporaryFolder, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, unknown>;
const quick = ['--batch', '2', '--lr', '1e-2', '--warmup', '0'];

beforeAll(() => writeFileSync(at('text.txt'), 'the cat sat on the mat and looked at the dog. '.repeat(100)));

async function done(...args: string[]): Promise<ReturnType<typeof within>> {
  const finished = await within(...args);
  expect(finished.code, finished.err).toBe(0);
  return finished;
}

/** Tensors by name, and their shapes. */
async function tensors(folder: string): Promise<Map<string, readonly number[]>> {
  const file = await readSafetensors(join(folder, 'model.safetensors'));
  const found = new Map(file.names.toSorted().map((name) => [name, file.info(name).shape] as const));
  await file.close();
  return found;
}

describe.each([
  ['llama-tiny', 'llama'],
  ['mistral-tiny', 'mistral'],
  ['qwen2-tiny', 'qwen2'],
  ['qwen3-tiny', 'qwen3'],
  ['gemma2-tiny', 'gemma2'],
])('a published %s', (name, arch) => {
  test('learns a text, and stays what it is', async () => {
    const out = at(name);
    const { json: last } = await done('train', at('text.txt'), '--from', fixture(name), ...quick, '--steps', '12', '--out', out, '--json');
    const losses = metricsOf(out).flatMap(({ loss }) => (typeof loss === 'number' ? [loss] : []));
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) - 0.5);
    expect(last()).toBeDefined();
    const [before, after] = [json(fixture(name), 'config.json'), json(out, 'config.json')];
    expect(after.model_type).toBe(arch);
    // Of how positions are stretched there are several spellings.
    for (const [key, value] of Object.entries(after)) if (typeof value !== 'object' && key in before) expect(value, key).toBe(before[key]);
    expect(await tensors(out)).toEqual(await tensors(fixture(name)));
    expect(json(out, 'trainer.json')).toMatchObject({ settings: { arch, from: fixture(name) } });
  });
});

test('a run that started from one goes on to the bit, with its own dropout', async () => {
  const common = ['--steps', '6', '--eval-every', '2', '--keep-every', '2', '--dropout', '0.2', '--context', '8'];
  await done('train', at('text.txt'), '--from', fixture('gemma2-tiny'), ...quick, ...common, '--out', at('whole'));
  await done('train', '--resume', at('whole/checkpoints/step-2'), '--out', at('later'));
  expect(readFileSync(at('later/model.safetensors')).equals(readFileSync(at('whole/model.safetensors')))).toBe(true);
  expect(json(at('later/config.json'))).toMatchObject({ attention_dropout: 0.2 });
  const without = common.map((word, i) => (common[i - 1] === '--dropout' ? '0' : word));
  await done('train', at('text.txt'), '--from', fixture('gemma2-tiny'), ...quick, ...without, '--out', at('without'));
  expect(readFileSync(at('without/model.safetensors')).equals(readFileSync(at('whole/model.safetensors')))).toBe(false);
});

test('rows may be shorter than what the model sees, which stays as it is', async () => {
  const { max_position_embeddings: most } = json(fixture('qwen2-tiny'), 'config.json') as { max_position_embeddings: number };
  await done('train', at('text.txt'), '--from', fixture('qwen2-tiny'), ...quick, '--context', '7', '--steps', '2', '--out', at('short'));
  expect(json(at('short/config.json'))).toMatchObject({ max_position_embeddings: most });
  expect(json(at('short/trainer.json'))).toMatchObject({ settings: { context: 7 } });
  // What comes next goes on from there: a run's own folder.
  await done('train', at('text.txt'), '--from', at('short'), ...quick, '--context', '9', '--steps', '1', '--out', at('shorter'));
  const { code, err } = await headlight(here, 'train', 'text.txt', '--from', 'short', '--context', String(most + 1));
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(`^headlight: --from short: a --context of at most ${most} tokens.*got ${most + 1}`),
  ]);
});

test('a GGUF file is a start too', async () => {
  await convertToGguf(fixture('llama-tiny'), at('q.gguf'), { type: 'F32' });
  const args = [...quick, '--steps', '2', '--tokenizer', 'char'];
  await done('train', at('text.txt'), '--from', at('q.gguf'), ...args, '--out', at('from-gguf'));
  await done('train', at('text.txt'), '--from', fixture('llama-tiny'), ...args, '--out', at('from-folder'));
  expect(readFileSync(at('from-gguf/model.safetensors')).equals(readFileSync(at('from-folder/model.safetensors')))).toBe(true);
});

test('another shape than the checkpoint’s, and a model that reads from both ends: one line, exit code 2', async () => {
  const other = await headlight(here, 'train', 'text.txt', '--from', fixture('qwen2-tiny'), '--arch', 'llama', '--layers', '9');
  expect([other.code, other.err]).toEqual([
    2,
    expect.stringMatching(/^headlight: --from [^\n]*arch llama instead of qwen2, layers 9[^\n]*\n$/),
  ]);
  const sizes = { vocabulary: 40, context: 16, layers: 1, width: 8 };
  await saveModel(at('both'), new RecurrentLanguageModel({ ...sizes, cell: 'gru', bidirectional: true }));
  const both = await headlight(here, 'train', 'text.txt', '--from', 'both');
  expect([both.code, both.err]).toEqual([
    2,
    expect.stringMatching(/^headlight: --from both: a model that predicts the next token[^\n]*\n$/),
  ]);
});
