import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { decodeModel } from '#dist/onnx/index.js';
import { headlight, temporaryFolder, within, workIn } from './command.js';

const here = temporaryFolder();
workIn(here);
const shape = ['--layers', '2', '--width', '16', '--context', '16', '--batch', '4'];

beforeAll(() => writeFileSync(join(here, 'text.txt'), generateStories({ seed: 3, characters: 20_000 })));

test.each(['rnn', 'gru', 'lstm', 'tcn'])('--arch %s: trains, goes on, is judged, generates and is looked into', async (arch) => {
  const run = async (...args: string[]): Promise<Record<string, unknown>> => {
    // One of them as processes of their own.
    const finished = await (arch === 'gru' ? headlight(here, ...args, '--json') : within(...args, '--json'));
    expect(finished.code, finished.err).toBe(0);
    return finished.json();
  };
  const trained = await run('train', 'text.txt', '--arch', arch, ...shape, '--steps', '40', '--lr', '1e-2', '--out', arch);
  expect(trained.valLoss).toBeLessThan(3.3); // below the even guess among 40 characters, 3.7
  const judged = await run('eval', arch, 'text.txt');
  expect(judged.loss).toBeCloseTo(Number(trained.valLoss), 4);
  const further = await run('train', 'text.txt', '--from', arch, '--steps', '5', '--out', `${arch}-on`);
  expect(further.valLoss).toBeLessThan(3.3);
  // Longer than its context, from its state.
  const texts = await run('generate', arch, '--prompt', 'the', '--max-new-tokens', '40', '--dump-onnx', 'step.onnx');
  expect((texts.newIds as number[]).length).toBe(40);
  const inputs = decodeModel(readFileSync(join(here, 'step.onnx'))).graph.inputs.map(({ name }) => name);
  expect(inputs).toContain('state.0');
  const { sites } = (await run('sites', arch)) as { sites: { name: string }[] };
  expect(sites.map(({ name }) => name)).toContain('encoder.embed');
  const captured = (await run('capture', arch, '--text', 'the', '--sites', '*hidden', '--out', `${arch}.safetensors`)) as {
    sites: unknown[];
  };
  expect(captured.sites).toHaveLength(2);
});

test('rows of several documents are refused, and what to do is said', async () => {
  const finished = await within('train', 'text.txt', '--arch', 'lstm', ...shape, '--steps', '2', '--order', 'packed', '--out', 'packed');
  expect(finished.code).toBe(2);
  expect(finished.err).toMatch(/RecurrentLanguageModel: rows of one text each.*--order random, shuffled or padded/);
});
