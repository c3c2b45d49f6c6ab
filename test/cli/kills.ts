import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { loadRun, readMetrics } from '#dist/train/index.js';
import { headlight, metricsOf, oneThread, start, tiny } from './command.js';

/** A run with everything that a resumed one must find again, and that saves most of the time. */
const runOf = (data: string, out: string): string[] => [
  'train',
  data,
  ...tiny,
  ...oneThread,
  ...['--micro-batch', '2', '--dropout', '0.1', '--order', 'shuffled', '--average', '0.9'],
  ...['--steps', '300', '--eval-every', '25', '--save-every', '5', '--keep-every', '50', '--keep', '3', '--sample', '8', '--out', out],
];

/** How long a process that trains may live: long enough to get on, short enough to be killed within. */
const longestLife = 700;

export interface Kills {
  readonly kills: number;
  /** Those that left a temporary file or folder: they hit a save. */
  readonly inSaves: number;
  /** Those before there was a folder. */
  readonly beforeFolder: number;
  /** Whole runs that were pieced together. */
  readonly runs: number;
}

/**
 * Kills training at random moments, resuming each time, until it was killed so often; every run that comes to its end
 * must be the uninterrupted one, and every folder that a kill leaves must open.
 *
 * @param here a folder for the runs @param data a text there
 */
export async function killOften(here: string, data: string, kills: number): Promise<Kills> {
  expect((await headlight(here, ...runOf(data, 'whole'))).code).toBe(0);
  const count = { kills: 0, inSaves: 0, beforeFolder: 0, runs: 0 };
  while (count.kills < kills || count.runs === 0) {
    const out = `run-${count.runs}`;
    for (let isDone = false; !isDone; ) {
      const isThere = existsSync(join(here, out));
      const { child, said, finished } = start(here, isThere ? ['train', '--resume', out, ...oneThread] : runOf(data, out));
      if (count.kills < kills) {
        // Mostly while it trains; now and then while it starts.
        if (Math.random() < 0.8) await said(isThere ? 'going on from' : 'training in');
        await Promise.race([sleep(longestLife * Math.random()), finished]);
        child.kill('SIGKILL');
      }
      const { code, err } = await finished;
      isDone = code === 0;
      if (isDone) continue;
      expect(code, err).toBeNull();
      count.kills++;
      if (temporaries(here).length > 0) count.inSaves++;
      if (existsSync(join(here, out))) await expectOpens(join(here, out));
      else count.beforeFolder++;
    }
    expectSame(join(here, out), join(here, 'whole'));
    count.runs++;
  }
  return count;
}

function temporaries(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));
}

/** Everything in the folder of a killed run that there is to open. */
async function expectOpens(folder: string): Promise<void> {
  const { record } = await loadRun(folder, await loadModel(folder));
  JSON.parse(readFileSync(join(folder, 'trainer.json'), 'utf8'));
  const lines = await readMetrics(join(folder, 'metrics.jsonl'));
  const evaluated = Math.floor(record.step / 25) * 25;
  if (evaluated > 0) expect(lines).toContainEqual(expect.objectContaining({ step: evaluated, valLoss: expect.any(Number) }));
  if (evaluated > 0) await loadModel(join(folder, 'best'));
  const checkpoints = join(folder, 'checkpoints');
  if (!existsSync(checkpoints)) return;
  for (const name of readdirSync(checkpoints).filter((n) => !n.startsWith('.'))) {
    const { point } = await loadRun(join(checkpoints, name), await loadModel(join(checkpoints, name)));
    expect(`step-${point.step}`).toBe(name);
  }
}

/** Weights, what the optimiser remembers, the record, the best model, the checkpoints: to the bit; metrics but for times. */
function expectSame(folder: string, whole: string): void {
  const filesOf = (root: string): string[] =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(safetensors|json)$/.test(name) || name.endsWith('.tmp'))
      .sort();
  expect(filesOf(folder)).toEqual(filesOf(whole));
  for (const name of filesOf(whole)) expect(readFileSync(join(folder, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
  expect(metricsOf(folder)).toEqual(metricsOf(whole));
}
