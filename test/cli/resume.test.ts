import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { headlight, oneThread, start, temporaryFolder, tiny, within, withinUntil, workIn } from './command.js';

const here = temporaryFolder();
workIn(here);
const at = (...parts: string[]) => join(here, ...parts);
const lasting = ['--steps', '320', '--eval-every', '20', '--dropout', '0.1'];
const run = (out: string) => ['train', 'text.txt', ...tiny, ...oneThread, ...lasting, '--out', out];

beforeAll(async () => {
  writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 20_000 }));
  expect((await within(...run('whole'))).code).toBe(0);
});

/** Everything but times: the weights, moments and settings, and the metrics' losses. */
function expectSameRun(name: string, except: readonly number[] = []): void {
  for (const file of ['model.safetensors', 'optimizer.safetensors', 'tokenizer.json', 'config.json']) {
    expect(readFileSync(at(name, file)).equals(readFileSync(at('whole', file))), file).toBe(true);
  }
  const losses = (folder: string) =>
    readFileSync(at(folder, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: number; valLoss: number })
      .filter(({ step }) => !except.includes(step))
      .map(({ step, valLoss }) => ({ step, valLoss }));
  expect(losses(name)).toEqual(losses('whole'));
  expect(readdirSync(at(name)).filter((file) => file.endsWith('.tmp'))).toEqual([]);
}

describe('Ctrl-C', () => {
  test('saves, says how to go on, and the rest of the run is that of an uninterrupted one', async () => {
    const { child, said, finished } = start(here, run('stopped'));
    await said('step 40:');
    child.kill('SIGINT');
    const { code, err } = await finished;
    expect(code).toBe(130);
    expect(err).toContain('headlight train --resume stopped');
    const { step, bestValLoss } = JSON.parse(readFileSync(at('stopped/trainer.json'), 'utf8')) as { step: number; bestValLoss: number };
    expect(step).toBeLessThan(320);
    expect(bestValLoss).toBeGreaterThan(0);

    const resumed = await headlight(here, 'train', '--resume', 'stopped', '--steps', '320', ...oneThread, '--json');
    expect(resumed.code).toBe(0);
    expect(resumed.json()).toMatchObject({ step: 320, out: 'stopped', stopped: false });
    expectSameRun('stopped', [step]);
  });
});

test('a run that is at work is left alone by others', async () => {
  const { child, said, finished } = start(here, run('busy').concat('--steps', '1000000'));
  await said('step 20:');
  const other = await within('train', '--resume', 'busy');
  expect(other.code).toBe(2);
  expect(other.err).toMatch(/run\.lock: a folder that no other process is at work in; got process \d+, which is/);
  child.kill('SIGINT');
  expect((await finished).code).toBe(130);
  expect(existsSync(at('busy/run.lock'))).toBe(false);
});

describe('kill -9', () => {
  test.each([20, 60, 100])('after step %i: what was saved is whole, and going on gives the uninterrupted run', async (step) => {
    const name = `killed-${step}`;
    const { child, said, finished } = start(here, run(name));
    await said(`step ${step}:`);
    child.kill('SIGKILL');
    await finished;
    const resumed = await within('train', '--resume', name, ...oneThread);
    expect(resumed.code, resumed.err).toBe(0);
    expectSameRun(name);
  });
});

test('data that have moved are named again; their place in the settings does not matter', async () => {
  const moved = ['train', 'text.txt', ...tiny, '--steps', '40', '--eval-every', '4', '--out', 'moved'];
  expect((await withinUntil('step 4:', ...moved)).code).toBe(130);
  cpSync(at('text.txt'), at('elsewhere.txt'));
  const resumed = await within('train', 'elsewhere.txt', '--resume', 'moved');
  expect(resumed.code, resumed.err).toBe(0);
  expect(existsSync(at('moved/model.safetensors'))).toBe(true);
});
