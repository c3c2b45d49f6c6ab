import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseTask, tasks } from '#dist/datasets/index.js';
import { type Finished, oneThread, temporaryFolder, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const small = ['--layers', '1', '--heads', '2', '--width', '16', '--batch', '4', ...oneThread];

describe.each(Object.keys(tasks))('--task %s', (name) => {
  const out = at(name);
  let trained: Finished;
  beforeAll(async () => {
    const steps = ['--steps', '8', '--eval-every', '4', '--keep-every', '4'];
    trained = await within('train', '--task', name, ...small, ...steps, '--out', out, '--json');
  });

  test('trains, judges by exact match, and names a question to try, which generate takes', async () => {
    const { code, err, json } = trained;
    expect(code, err).toBe(0);
    expect(json().exactMatch).toBeGreaterThanOrEqual(0);
    expect(json().exactMatch).toBeLessThanOrEqual(1);
    const { settings } = JSON.parse(readFileSync(join(out, 'trainer.json'), 'utf8')) as { settings: Record<string, unknown> };
    expect(settings).toMatchObject({ task: name, context: parseTask(name).context, layers: 1 });

    const [, quoted = '', plain = '', length = ''] = /generate \S+ --prompt (?:'(.*)'|(\S+)) --max-new-tokens (\d+)/.exec(err) ?? [];
    const prompt = quoted || plain;
    const answer = parseTask(name).solve(prompt);
    const generated = await within('generate', out, '--prompt', prompt, '--max-new-tokens', length, '--temperature', '0', '--json');
    expect(generated.code, generated.err).toBe(0);
    const tokens = parseTask(name).tokenizer.encode(answer, { specialTokens: false });
    expect(generated.json().newIds).toHaveLength(tokens.length);
  });

  test('goes on to the bit', async () => {
    const resumed = await within('train', '--resume', join(out, 'checkpoints/step-4'), ...oneThread, '--out', at(`${name}-resumed`));
    expect(resumed.code, resumed.err).toBe(0);
    const [whole, ours] = [out, at(`${name}-resumed`)].map((run) => readFileSync(join(run, 'optimizer.safetensors')));
    expect(ours?.equals(whole as Buffer)).toBe(true);
  });
});

test('a small model learns to reverse three symbols; generate gives the answer', async () => {
  const sizes = ['--layers', '2', '--heads', '2', '--width', '32', '--batch', '32', ...oneThread];
  const steps = ['--steps', '400', '--lr', '3e-3', '--eval-every', '400'];
  const task = 'reverse:length=3,symbols=8';
  const { code, err, json } = await within('train', '--task', task, ...sizes, ...steps, '--out', at('learned'), '--json');
  expect(code, err).toBe(0);
  expect(json().exactMatch).toBeGreaterThan(0.9);
  const { prompt, answer } = parseTask(task).question(0, 0);
  const length = String(parseTask(task).tokenizer.encode(answer, { specialTokens: false }).length);
  const { out } = await within('generate', at('learned'), '--prompt', prompt, '--max-new-tokens', length, '--temperature', '0');
  expect(out.trimEnd()).toBe(`${prompt}${answer}`);
  expect(existsSync(at('learned/best/model.safetensors'))).toBe(true);
});
