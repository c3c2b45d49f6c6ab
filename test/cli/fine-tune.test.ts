import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { convertToGguf, readSafetensors, saveModel } from '#dist/checkpoints/index.js';
import { Llama, RecurrentLanguageModel } from '#dist/models/index.js';
import { headlight, metricsOf, temporaryFolder, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, unknown>;
/** The fixtures have no tokenizer. */
const quick = ['--batch', '2', '--lr', '1e-2', '--warmup', '0', '--tokenizer', 'char'];

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
  await done(
    'train',
    at('text.txt'),
    '--from',
    at('short'),
    ...quick.slice(0, -2),
    '--context',
    '9',
    '--steps',
    '1',
    '--out',
    at('shorter'),
  );
  const { code, err } = await headlight(here, 'train', 'text.txt', '--from', 'short', '--context', String(most + 1));
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(`^headlight: --from short: a --context of at most ${most} tokens.*got ${most + 1}`),
  ]);
});

test('a GGUF file is a start too', async () => {
  await convertToGguf(fixture('llama-tiny'), at('q.gguf'), { type: 'F32' });
  const args = [...quick, '--steps', '2'];
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

test('a checkpoint without a tokenizer: none is made up for it', async () => {
  const { code, err } = await within('train', at('text.txt'), '--from', fixture('qwen2-tiny'), '--out', at('never'));
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/^headlight: --from [^\n]*a checkpoint with a tokenizer.json[^\n]*none[^\n]*--tokenizer[^\n]*\n$/),
  ]);
  expect(existsSync(at('never'))).toBe(false);
});

test('what does not fit is refused before anything is written, dropout masks among it', async () => {
  await saveModel(at('heads'), new Llama({ vocabulary: 40, context: 512, layers: 4, heads: 8, width: 16 }));
  const many = ['--batch', '512', '--micro-batch', '512', '--tokenizer', 'char'];
  const args = ['train', at('text.txt'), '--from', at('heads'), ...many, '--out', at('never')];
  const { code, err } = await within(...args, '--dropout', '0.1');
  expect([code, err]).toEqual([2, expect.stringMatching(/^headlight: training storage: [^\n]*masks within 4 GiB[^\n]*\n$/)]);
  expect(existsSync(at('never'))).toBe(false);
});

test('rows of a pass are few where the vocabulary and the rows are large', async () => {
  const wide = new Llama({ vocabulary: 40_000, context: 256, layers: 1, heads: 1, width: 4 });
  await saveModel(at('wide'), wide);
  const more = ['--tokenizer', 'char', '--batch', '12', '--steps', '1', '--eval-every', '0'];
  await done('train', at('text.txt'), '--from', at('wide'), ...more, '--out', at('of-wide'));
  // 3 · 256 · 40,000 logits are the most of a divisor of 12 within 2^25.
  expect(json(at('of-wide/trainer.json'))).toMatchObject({ settings: { batch: 12, microBatch: 3 } });
});

test('what makes it a chat model stays: its template, and the tokens that end an answer', async () => {
  await done(
    'train',
    at('text.txt'),
    ...quick,
    ...['--layers', '1', '--heads', '1', '--width', '8', '--context', '8'],
    '--steps',
    '1',
    '--out',
    at('chat'),
  );
  cpSync(at('chat'), at('chatty'), { recursive: true });
  writeFileSync(at('chatty/chat_template.jinja'), '{% for m in messages %}{{ m.content }}{% endfor %}');
  writeFileSync(at('chatty/generation_config.json'), '{"eos_token_id": [3, 5]}');
  const steps = ['--steps', '4', '--eval-every', '2', '--keep-every', '2', '--out', at('tuned')];
  await done('train', at('text.txt'), '--from', at('chatty'), ...quick.slice(0, -2), ...steps);
  await done('train', '--resume', at('tuned/checkpoints/step-2'), '--out', at('tuned-on'));
  for (const folder of ['tuned', 'tuned/best', 'tuned-on']) {
    expect(json(at(folder, 'generation_config.json')), folder).toMatchObject({ eos_token_id: [3, 5] });
    expect(json(at(folder, 'tokenizer_config.json')), folder).toMatchObject({ chat_template: expect.stringContaining('m.content') });
  }
});
