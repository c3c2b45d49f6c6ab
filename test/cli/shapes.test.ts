import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { shared } from '../checkpoints/shared.js';
import { temporaryFolder, tiny, within, workIn } from './command.js';

const here = temporaryFolder();
workIn(here);
const llama = ['--arch', 'llama', '--layers', '2', '--heads', '4', '--width', '16', '--context', '16', '--batch', '4', '--steps', '4'];

function json(...path: string[]): Record<string, unknown> {
  return JSON.parse(readFileSync(join(here, ...path), 'utf8')) as Record<string, unknown>;
}

beforeAll(() => writeFileSync(join(here, 'text.txt'), generateStories({ seed: 3, characters: 12_000 })));

async function done(...args: string[]): Promise<string> {
  const { code, err } = await within(...args);
  expect(code, err).toBe(0);
  return err;
}

describe('--kv-heads and --hidden', () => {
  test('decide the shape, and come with the weights of --from', async () => {
    await done('train', 'text.txt', ...llama, '--kv-heads', '2', '--hidden', '37', '--out', 'grouped');
    expect(json('grouped/config.json')).toMatchObject({ num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 37 });
    await done('train', 'text.txt', '--from', 'grouped', '--steps', '2', '--batch', '4', '--out', 'again');
    expect(json('again/config.json')).toEqual(json('grouped/config.json'));
    expect(json('again/trainer.json')).toMatchObject({ settings: { kvHeads: 2, hidden: 37, arch: 'llama' } });
    await done('train', 'text.txt', '--from', 'grouped', '--kv-heads', '2', '--steps', '1', '--batch', '4', '--out', 'same');
    const { code, err } = await within('train', 'text.txt', '--from', 'grouped', '--kv-heads', '4', '--hidden', '64');
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^headlight: --from grouped: .*kvHeads 4 instead of 2, hidden 64 instead of 37/),
    ]);
  });

  test('of GPT-2: an MLP of another width', async () => {
    await done('train', 'text.txt', ...tiny, '--steps', '2', '--hidden', '24', '--out', 'narrow');
    expect(json('narrow/config.json')).toMatchObject({ n_inner: 24 });
    await done('train', 'text.txt', '--from', 'narrow', '--steps', '1', '--batch', '4', '--out', 'narrow-again');
    expect(json('narrow-again/config.json')).toEqual(json('narrow/config.json'));
  });

  test('a run with them goes on where it stopped', async () => {
    await done('train', 'text.txt', ...llama, '--kv-heads', '1', '--out', 'one');
    expect(json('one/trainer.json')).toMatchObject({ settings: { kvHeads: 1, hidden: 0 } });
    const { err } = await within('train', '--resume', 'one', '--kv-heads', '2');
    expect(err).toMatch(/--kv-heads 2 \(the run has 1\)/);
  });

  test.each([
    [[...llama, '--kv-heads', '3'], /^headlight: [^:]+: .*heads/],
    [[...llama, '--kv-heads', '8'], /^headlight: [^:]+: .*heads/],
    [[...tiny, '--kv-heads', '1'], /^headlight: --kv-heads: an architecture that has it; got --arch gpt2/],
    [
      [...tiny, '--arch', 'attention-only', '--hidden', '8'],
      /^headlight: --hidden: an architecture that has it; got --arch attention-only/,
    ],
    [[...llama, '--hidden', '-1'], /--hidden.*whole number from 0/],
  ])('%s: one line, exit code 2', async (args, says) => {
    const { code, err } = await within('train', 'text.txt', ...args, '--out', 'never');
    expect(err).toMatch(says);
    expect(err).toMatch(/^headlight: [^\n]+\n$/);
    expect(code).toBe(2);
  });
});

const stories = shared('models/stories260k');
test.skipIf(stories === undefined)('a published model of grouped heads and an odd MLP trains on', async () => {
  const args = ['--steps', '3', '--batch', '2', '--eval-every', '0', '--lr', '1e-5', '--warmup', '0', '--out', 'stories', '--json'];
  const { code, err, json: last } = await within('train', 'text.txt', '--from', stories as string, ...args);
  expect(code, err).toBe(0);
  expect(last()).toBeDefined();
  expect(json('stories/config.json')).toMatchObject({ num_key_value_heads: 4, intermediate_size: 172, vocab_size: 512 });
});
