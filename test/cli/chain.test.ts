import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel, parseSafetensors } from '#dist/checkpoints/index.js';
import { generateStories } from '#dist/datasets/index.js';
import { generateAll } from '#dist/generate/index.js';
import { lens } from '#dist/lens/index.js';
import { decodeModel } from '#dist/onnx/index.js';
import { loadTokenizer } from '#dist/tokenizers/index.js';
import { type Finished, headlight, temporaryFolder, tiny, within, workIn } from './command.js';

const here = temporaryFolder();
workIn(here);
const at = (...parts: string[]) => join(here, ...parts);
const prompt = 'Marlow found a';
let trained: Finished;

/** The commands that ran as processes of their own. */
const started = new Set(['train']);

/**
 * What every command on a good input owes: exit code 0, and with --json one line of JSON. Each runs as a process of its own,
 * the built command, when it comes first.
 */
async function jsonOf(...args: string[]): Promise<Record<string, unknown>> {
  const [command = ''] = args;
  const finished = await (started.has(command) ? within(...args, '--json') : headlight(here, ...args, '--json'));
  started.add(command);
  expect(finished.code, finished.err).toBe(0);
  return finished.json();
}

beforeAll(async () => {
  writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 20_000 }));
  trained = await headlight(here, 'train', 'text.txt', ...tiny, '--steps', '60', '--eval-every', '25', '--out', 'run', '--json');
});

describe('train', () => {
  test('says what it did, in JSON and in words', () => {
    expect(trained.code).toBe(0);
    const json = trained.json();
    expect(json).toMatchObject({ step: 60, out: 'run', stopped: false });
    for (const key of ['trainLoss', 'valLoss', 'parameters', 'tokensPerSecond', 'seconds']) expect(json[key], key).toBeGreaterThan(0);
    expect(trained.err).toContain('step 25: training loss');
    expect(trained.err).toContain('headlight generate run');
    expect(trained.out.trimEnd().split('\n')).toHaveLength(1);
  });

  test('learns: the loss falls from evaluation to evaluation', () => {
    const lines = readFileSync(at('run/metrics.jsonl'), 'utf8').trimEnd().split('\n');
    const metrics = lines.filter((line) => line.includes('valLoss')).map((line) => JSON.parse(line) as { step: number; valLoss: number });
    expect(metrics.map(({ step }) => step)).toEqual([25, 50, 60]);
    expect(metrics[2]?.valLoss).toBeLessThan(metrics[0]?.valLoss ?? 0);
  });

  test('the same command gives the same weights; another seed does not', async () => {
    await jsonOf('train', 'text.txt', ...tiny, '--steps', '60', '--eval-every', '25', '--out', 'again');
    await jsonOf('train', 'text.txt', ...tiny, '--steps', '60', '--seed', '1', '--out', 'other');
    const weights = (run: string) => readFileSync(at(run, 'model.safetensors'));
    expect(weights('again').equals(weights('run'))).toBe(true);
    expect(weights('other').equals(weights('run'))).toBe(false);
  });

  test('--from starts from a model: with a rate of almost nothing it stays that model', async () => {
    const json = await jsonOf('train', 'text.txt', '--from', 'run', '--batch', '4', '--steps', '2', '--lr', '1e-12', '--out', 'from');
    expect(json.valLoss).toBeCloseTo(trained.json().valLoss as number, 5);
    const config = JSON.parse(readFileSync(at('from/config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({ n_layer: 2, n_head: 2, n_embd: 16, n_positions: 16 });
  });

  test('--dump-onnx writes the step as a program with a gradient for each parameter', async () => {
    await jsonOf('train', 'text.txt', ...tiny, '--steps', '1', '--dump-onnx', 'step.onnx', '--out', 'dumped');
    const outputs = decodeModel(new Uint8Array(readFileSync(at('step.onnx')))).graph.outputs.map(({ name }) => name);
    const model = await loadModel(at('dumped'));
    expect(outputs).toEqual(expect.arrayContaining(['loss', ...[...model.parameters().keys()].map((name) => `gradient:${name}`)]));
  });

  test('--check names where numbers run away, and fails', async () => {
    const wild = ['--steps', '50', '--lr', '1e30', '--weight-decay', '0', '--clip', '0', '--check', '--out', 'wild'];
    const { code, err } = await within('train', 'text.txt', ...tiny, ...wild);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^headlight: training step \d+, check at (blocks\.\d\.[\w.]+|final_norm|logits|embed): every value is finite; got (NaN|-?Infinity) at \[/m,
    );
  });
});

describe('eval', () => {
  test('gives the number that training ended with, to the last bit', async () => {
    const { loss, perplexity, tokens } = await jsonOf('eval', 'run', 'text.txt');
    expect(loss).toBe(trained.json().valLoss);
    expect(perplexity).toBe(Math.exp(loss as number));
    expect(tokens).toBe(Math.floor(readFileSync(at('text.txt'), 'utf8').length / 10) - 1);
  });

  test('all of the data is its two parts: losses add up by tokens, but for the one between them', async () => {
    const [all, train, validation] = await Promise.all(
      ['all', 'train', 'validation'].map((split) => jsonOf('eval', 'run', 'text.txt', '--split', split)),
    );
    const sum = (part: Record<string, unknown> | undefined) => Number(part?.loss) * Number(part?.tokens);
    expect(all?.tokens).toBe(Number(train?.tokens) + Number(validation?.tokens) + 1);
    // Windows lie elsewhere in the second part: the same tokens with other contexts.
    expect(sum(all) / (sum(train) + sum(validation))).toBeCloseTo(1, 2);
  });
});

describe('generate', () => {
  test('gives what the library gives', async () => {
    const json = await jsonOf(
      'generate',
      'run',
      '--prompt',
      prompt,
      '--max-new-tokens',
      '30',
      '--temperature',
      '0.7',
      '--top-k',
      '9',
      '--seed',
      '5',
    );
    const tokenizer = await loadTokenizer(at('run'));
    const ids = tokenizer?.encode(prompt) ?? [];
    const same = await generateAll(await loadModel(at('run')), ids, { maxNewTokens: 30, temperature: 0.7, topK: 9, seed: 5 });
    expect(json).toMatchObject({ ids: same.ids, newIds: same.newIds, logprobs: same.logprobs, text: tokenizer?.decode(same.ids) });
    expect(json.tokensPerSecond).toBeGreaterThan(0);
  });

  test('without --json, the text itself goes to standard output', async () => {
    const args = ['generate', 'run', '--prompt', prompt, '--max-new-tokens', '12', '--temperature', '0'];
    const { text } = await jsonOf(...args);
    const { out, code } = await headlight(here, ...args, '--check');
    expect([out, code]).toEqual([`${text}\n`, 0]);
  });
});

describe('the lens', () => {
  test('sites lists what the library lists', async () => {
    const { sites } = (await jsonOf('sites', 'run')) as { sites: { name: string; shape: unknown }[] };
    const expected = lens(await loadModel(at('run'))).sites();
    expect(sites.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
    expect(sites).toContainEqual({ name: 'blocks.1.attention.pattern', shape: ['B', 2, 'T', 'T'] });
    const { out } = await within('sites', 'run');
    expect(out.trimEnd().split('\n')).toHaveLength(expected.length);
  });

  test('capture writes the values, bit for bit, and what they are of', async () => {
    const globs = '*.attention.pattern,logits';
    const json = await jsonOf('capture', 'run', '--ids', '1,2,3;4,5,6', '--sites', globs, '--out', 'deep/captured.safetensors');
    const file = parseSafetensors(new Uint8Array(readFileSync(at('deep/captured.safetensors'))));
    const expected = await lens(await loadModel(at('run'))).capture([[1, 2, 3], [4, 5, 6]], globs); // biome-ignore format: rows
    expect([...file.names].sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) expect(await file.load(name), name).toEqual(value);
    expect(JSON.parse(file.metadata.ids ?? '')).toEqual([[1, 2, 3], [4, 5, 6]]); // biome-ignore format: rows
    expect(json).toEqual({
      sites: Object.entries(expected).map(([name, { shape }]) => ({ name, shape })),
      out: 'deep/captured.safetensors',
    });
  });

  test('capture of a text is capture of its ids', async () => {
    await jsonOf('capture', 'run', '--text', prompt, '--sites', 'logits', '--out', 'text.safetensors');
    const file = parseSafetensors(new Uint8Array(readFileSync(at('text.safetensors'))));
    const ids = (await loadTokenizer(at('run')))?.encode(prompt) ?? [];
    expect(file.metadata).toMatchObject({ ids: JSON.stringify([ids]), text: prompt });
    const { logits } = await lens(await loadModel(at('run'))).capture(ids, 'logits');
    expect(await file.load('logits')).toEqual(logits);
  });

  test('attend: a page, a picture, and numbers that are the patterns', async () => {
    const attend = ['attend', 'run', '--text', prompt];
    expect(await jsonOf(...attend, '--html', 'a.html', '--layer', '1')).toEqual({ out: 'a.html', layers: 2, heads: 2, tokens: 14 });
    await jsonOf(...attend, '--svg', 'a.svg', '--head', '1');
    await jsonOf(...attend, '--json-out', 'a.json');
    expect(readFileSync(at('a.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect(readFileSync(at('a.svg'), 'utf8')).toContain('<svg');
    const numbers = JSON.parse(readFileSync(at('a.json'), 'utf8')) as { tokens: string[]; sites: string[]; patterns: unknown[] };
    expect(numbers.tokens.join('')).toBe(prompt);
    const tokenizer = await loadTokenizer(at('run'));
    const seen = await lens(await loadModel(at('run')), { tokenizer }).capture(prompt, '*.attention.pattern');
    expect(numbers.patterns).toEqual(numbers.sites.map((site) => (seen[site]?.toArray() as unknown[] | undefined)?.[0]));
  });
});
