import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { contentsOf, metricsOf, oneThread, temporaryFolder, tiny, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const steps = ['--steps', '60', '--eval-every', '10', '--save-every', '5', '--keep-every', '10'];
const regular = ['--dropout', '0.1', '--average', '0.8', '--micro-batch', '2', '--label-smoothing', '0.1', '--sample', '6', ...oneThread];

beforeAll(async () => {
  writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 8000 }));
  const { code, err } = await within('train', at('text.txt'), ...tiny, ...steps, ...regular, '--out', at('run'));
  expect(code, err).toBe(0);
});

function checkpointsOf(run: string): string[] {
  return readdirSync(at(run, 'checkpoints')).sort();
}

/** Everything that is not of a moment: the model, the state with its record, the best model, the metrics. */
function expectSame(run: string, other: string): void {
  for (const name of ['model.safetensors', 'optimizer.safetensors', 'trainer.json', 'tokenizer.json', 'best/model.safetensors'])
    expect(readFileSync(at(run, name)).equals(readFileSync(at(other, name))), name).toBe(true);
  expect(metricsOf(at(run))).toEqual(metricsOf(at(other)));
}

test('--keep-every keeps checkpoints, --keep the newest of them', async () => {
  expect(checkpointsOf('run')).toEqual(['step-10', 'step-20', 'step-30', 'step-40', 'step-50', 'step-60']);
  await within('train', at('text.txt'), ...tiny, ...steps, '--keep', '2', '--out', at('two'));
  expect(checkpointsOf('two')).toEqual(['step-50', 'step-60']);
});

describe('--resume RUN/checkpoints/step-N', () => {
  test.each([10, 30, 50])('from step %i, in a new folder, the run is the uninterrupted one, metrics too', async (step) => {
    const [from, out] = [at('run/checkpoints', `step-${step}`), at(`from-${step}`)];
    const before = contentsOf(at('run'));
    const { code, err } = await within('train', '--resume', from, '--out', out, ...oneThread);
    expect(code, err).toBe(0);
    expectSame(`from-${step}`, 'run');
    expect(checkpointsOf(`from-${step}`)).toEqual(checkpointsOf('run').slice(step / 10));
    expect(contentsOf(at('run'))).toEqual(before);
  });

  test('a checkpoint that was moved goes on in place', async () => {
    cpSync(at('run/checkpoints/step-40'), at('moved'), { recursive: true });
    const { code, err } = await within('train', '--resume', at('moved'), ...oneThread);
    expect(code, err).toBe(0);
    expect(readFileSync(at('moved/optimizer.safetensors')).equals(readFileSync(at('run/optimizer.safetensors')))).toBe(true);
    expect(existsSync(at('moved/best/model.safetensors'))).toBe(true);
  });

  test('the checkpoints of a run whose own state is damaged are whole', async () => {
    cpSync(at('run'), at('damaged'), { recursive: true });
    writeFileSync(at('damaged/optimizer.safetensors'), 'torn');
    const { code, err } = await within('train', '--resume', at('damaged/checkpoints/step-50'), '--out', at('mended'), ...oneThread);
    expect(code, err).toBe(0);
    expect(readFileSync(at('mended/optimizer.safetensors')).equals(readFileSync(at('run/optimizer.safetensors')))).toBe(true);
  });

  test('the best model so far goes with it', async () => {
    // With so high a rate the loss only rises after its first evaluation.
    const rising = ['--steps', '40', '--eval-every', '10', '--keep-every', '20', '--lr', '2', '--warmup', '40', '--clip', '0'];
    await within('train', at('text.txt'), ...tiny, ...rising, '--weight-decay', '0', ...oneThread, '--out', at('rising'));
    const { bestStep } = JSON.parse(readFileSync(at('rising/trainer.json'), 'utf8')) as { bestStep: number };
    expect(bestStep).toBe(10);
    const { err } = await within('train', '--resume', at('rising/checkpoints/step-20'), '--out', at('risen'), ...oneThread);
    expectSame('risen', 'rising');
    expect(err).toContain(`that model is in ${at('risen/best')}`);
  });

  test('a folder that was lost in between is no obstacle: the best is then looked for anew', async () => {
    cpSync(at('rising'), at('lost'), { recursive: true });
    rmSync(at('lost/best'), { recursive: true });
    const { code, err, json } = await within(
      'train',
      '--resume',
      at('lost/checkpoints/step-20'),
      '--out',
      at('found'),
      '--json',
      ...oneThread,
    );
    expect(code, err).toBe(0);
    const { best, bestValLoss } = json();
    const evaluations = metricsOf(at('rising')).filter(({ step, valLoss }) => valLoss !== undefined && Number(step) > 20);
    expect(bestValLoss).toBe(Math.min(...evaluations.map(({ valLoss }) => Number(valLoss))));
    expect(existsSync(join(String(best), 'model.safetensors'))).toBe(true);
  });
});

test('what does not change what is learned may change when a run goes on', async () => {
  const out = at('quiet');
  const { code, err } = await within(
    'train',
    '--resume',
    at('run/checkpoints/step-50'),
    '--out',
    out,
    '--no-watch',
    '--sample',
    '0',
    ...oneThread,
  );
  expect(code, err).toBe(0);
  expect(readFileSync(join(out, 'model.safetensors')).equals(readFileSync(at('run/model.safetensors')))).toBe(true);
  const last = metricsOf(out).filter(({ step }) => Number(step) > 50);
  expect(last.some(({ event }) => event === 'sample')).toBe(false);
  expect(JSON.stringify(last)).not.toContain('attention_entropy');
});
