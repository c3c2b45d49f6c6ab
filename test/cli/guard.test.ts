import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { metricsOf, oneThread, temporaryFolder, tiny, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const wild = [...tiny, '--steps', '20', '--eval-every', '5', '--lr', '1e30', '--clip', '0', '--weight-decay', '0'];

beforeAll(() => {
  writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 4000 }));
  // Letters in turn, and in their midst some that nothing foretells.
  const noise = Array.from({ length: 200 }, (_, i) => 'abcdefghijklmnop'[(i * i * 31 + i * 7) % 16]).join('');
  writeFileSync(at('spiky.txt'), `${'ab'.repeat(3000)}${noise}${'ab'.repeat(3000)}`);
});

const spiky = (out: string, ...flags: string[]) => [
  'train',
  at('spiky.txt'),
  ...['--layers', '1', '--heads', '2', '--width', '16', '--context', '16', '--batch', '2', '--lr', '1e-2', '--order', 'shuffled'],
  ...['--steps', '300', '--eval-every', '50', '--no-watch', ...oneThread, ...flags, '--out', at(out), '--json'],
];

test('a fault stops: exit code 1, the first site that broke, an event in the metrics', async () => {
  const { code, out, err } = await within('train', at('text.txt'), ...wild, '--out', at('stopped'));
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^headlight: training step \d+, check at [\w. ]+: every value is finite; got (NaN|-?Infinity) at \[/m);
  expect(metricsOf(at('stopped')).at(-1)).toMatchObject({ event: 'fault', reason: expect.stringMatching(/every value is finite/) });
});

test('--on-fault rollback goes back and tries other batches, three times', async () => {
  const { code, err } = await within('train', at('text.txt'), ...wild, '--on-fault', 'rollback', '--out', at('rolled'));
  expect(code).toBe(1);
  expect(err.match(/^A fault: .* Going on from step 0 with other batches\.$/gm)).toHaveLength(3);
  expect(err).toMatch(/^headlight: train: a run that recovers within 3 rollbacks to step 0; .*Lower the learning rate\.$/m);
});

test('--on-spike report says so and goes on', async () => {
  const { code, err } = await within(...spiky('reported'));
  expect(code, err).toBe(0);
  expect(err).toMatch(/^The loss leapt: training step \d+: a loss near the last ones' [\d.]+ ± [\d.]+; got [\d.]+/m);
  const spikes = metricsOf(at('reported')).filter(({ event }) => event === 'spike');
  expect(spikes.length).toBeGreaterThan(0);
  // They come within a hundred steps: one line tells of them.
  expect(err.match(/The loss leapt/g)).toHaveLength(1);
});

test('--on-spike stop ends the run there, its last saved state whole', async () => {
  const { code, err } = await within(...spiky('halted', '--on-spike', 'stop'));
  expect(code).toBe(1);
  const { step } = JSON.parse(readFileSync(at('halted/trainer.json'), 'utf8')) as { step: number };
  expect(err).toContain(`Saved last: step ${step}.`);
  const again = await within('train', at('spiky.txt'), '--from', at('halted'), '--steps', '2', '--lr', '1e-4', '--out', at('after'));
  expect(again.code, again.err).toBe(0);
});

test('--on-spike rollback is the same run each time', async () => {
  const flags = ['--on-spike', 'rollback', '--save-every', '10'];
  const [first, second] = [await within(...spiky('back', ...flags)), await within(...spiky('back-again', ...flags))];
  expect(first.err).toMatch(/^The loss leapt: .* Going on from step \d+ with other batches\.$/m);
  expect(second.code).toBe(first.code);
  expect(metricsOf(at('back'))).toEqual(metricsOf(at('back-again')));
  expect(metricsOf(at('back')).some(({ event }) => event === 'rollback')).toBe(true);
});
