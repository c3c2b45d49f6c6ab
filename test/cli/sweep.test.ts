import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { gridOf, parseSweep } from '#dist/cli/train/sweep-axes.js';
import { generateStories } from '#dist/datasets/index.js';
import {
  contentsOf,
  type Finished,
  headlight,
  metricsOf,
  oneThread,
  start,
  temporaryFolder,
  tiny,
  within,
  withinUntil,
  workIn,
} from './command.js';

const here = temporaryFolder();
workIn(here);
const at = (...parts: string[]) => join(here, ...parts);

beforeAll(() => writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 6000 })));

describe('the grid', () => {
  test('every combination, the last setting varying fastest; names as flags or keys', () => {
    const grid = gridOf(parseSweep(['lr=1e-3,3e-3', '--eval-every=5,10', 'bias=true,false']));
    expect(grid).toHaveLength(8);
    expect(grid[1]).toEqual({ name: 'lr=0.001,evalEvery=5,bias=false', settings: { lr: 1e-3, evalEvery: 5, bias: false } });
    expect(grid[6]?.settings).toEqual({ lr: 3e-3, evalEvery: 10, bias: true });
  });

  test('names are folders, none of them twice', () => {
    const values = ['runs/a', 'runs:a', 'runs*a', 'x'.repeat(400), `${'x'.repeat(400)}y`];
    const names = gridOf([{ name: 'tokenizer', values }]).map(({ name }) => name);
    expect(new Set(names).size).toBe(5);
    for (const name of names) expect(name).toMatch(/^[\w.,=+-]{1,130}$/);
  });
});

interface Ran {
  readonly name: string;
  readonly settings: Record<string, unknown>;
  readonly bestValLoss: number | null;
  readonly exactMatch?: number;
  readonly failed?: string;
}

function runsOf(json: Record<string, unknown>): Ran[] {
  return json.runs as Ran[];
}

describe('a sweep', () => {
  test('runs the grid, best first; each run is the one that its settings alone give', async () => {
    const sweep = ['--sweep', 'lr=1e-4,1e-2', '--sweep', 'width=8,16', '--steps', '12', '--eval-every', '6'];
    const { code, json, err } = await within('train', at('text.txt'), ...tiny, ...sweep, '--out', at('grid'), '--json');
    expect(code, err).toBe(0);
    const runs = runsOf(json());
    expect(json()).toMatchObject({ out: at('grid'), stopped: false });
    expect(runs.map(({ settings }) => settings).sort((a, b) => Number(a.lr) - Number(b.lr) || Number(a.width) - Number(b.width))).toEqual(
      gridOf(parseSweep(['lr=1e-4,1e-2', 'width=8,16'])).map(({ settings }) => settings),
    );
    const losses = runs.map(({ bestValLoss }) => bestValLoss);
    expect(losses).toEqual([...losses].sort((a, b) => Number(a) - Number(b)));
    expect(runs[0]?.settings.lr).toBe(1e-2);
    await within('train', at('text.txt'), ...tiny, '--width', '8', '--steps', '12', '--eval-every', '6', '--out', at('alone'));
    const [swept, alone] = [at('grid/lr=0.01,width=8'), at('alone')].map((run) => readFileSync(join(run, 'optimizer.safetensors')));
    expect(swept?.equals(alone as Buffer)).toBe(true);
  });

  test('a table for people: a column for each setting, a line for each run', async () => {
    const { out } = await within('train', '--resume', at('grid'));
    const [head, ...lines] = out.trimEnd().split('\n');
    expect(head).toMatch(/^lr +width +best val loss +val loss +training loss +seconds$/);
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line).toMatch(/^(0\.0001|0\.01) +(8|16) +\d\.\d{4} +\d\.\d{4} +\d\.\d{4} +\d+\.\d$/);
  });

  test('a run whose numbers break is a line of the table', async () => {
    const wild = ['--steps', '6', '--clip', '0', '--weight-decay', '0', '--sweep', 'lr=1e30,1e-2'];
    const { code, json } = await within('train', at('text.txt'), ...tiny, ...wild, '--out', at('broken'), '--json');
    const runs = runsOf(json());
    expect([code, runs.map(({ settings }) => settings.lr)]).toEqual([0, [1e-2, 1e30]]);
    expect(runs[1]?.failed).toMatch(/every value is finite/);
    const { out } = await within('train', '--resume', at('broken'));
    expect(out).toMatch(/^1e\+30 +failed: .*finite/m);
    const all = await within('train', at('text.txt'), ...tiny, ...wild, '--sweep', 'lr=1e30', '--out', at('all-broken'));
    expect([all.code, all.err]).toEqual([2, expect.stringMatching(/each setting once; got lr twice/)]);
    const alone = await within('train', at('text.txt'), ...tiny, ...wild.slice(0, -1), 'lr=1e30', '--out', at('all-broken'));
    expect(alone.code).toBe(1);
  });

  test('tasks are ranked by exact match', async () => {
    const sweep = [
      '--batch',
      '4',
      '--steps',
      '2',
      '--layers',
      '1',
      '--width',
      '16',
      '--sweep',
      'task=addition:digits=1,brackets:length=10',
    ];
    const { code, json, err } = await within('train', ...sweep, '--out', at('tasks'), '--json');
    expect(code, err).toBe(0);
    const matches = runsOf(json()).map(({ exactMatch }) => Number(exactMatch));
    expect(matches).toEqual([...matches].sort((a, b) => b - a));
  });
});

describe('a sweep that was stopped goes on', () => {
  const args = (out: string) => [
    'train',
    'text.txt',
    ...tiny,
    ...oneThread,
    '--sweep',
    'seed=1,2,3',
    '--steps',
    '120',
    '--eval-every',
    '20',
    '--out',
    out,
  ];
  const names = ['seed=1', 'seed=2', 'seed=3'];

  beforeAll(async () => expect((await within(...args('whole'))).code).toBe(0));

  /** A sweep that was stopped in the midst of its second run. */
  async function stopped(out: string, signal: 'SIGINT' | 'SIGKILL'): Promise<Finished> {
    const halfDone = /run 2 of 3.*step 20: /s;
    if (signal === 'SIGINT') return withinUntil(halfDone, ...args(out));
    const { child, said, finished } = start(here, args(out));
    await said(halfDone);
    child.kill(signal);
    return finished;
  }

  test.each(['SIGINT', 'SIGKILL'] as const)('%s: finished runs are not done again, the half done one goes on', async (signal) => {
    const out = `by-${signal}`;
    const { code, err } = await stopped(out, signal);
    expect(code).toBe(signal === 'SIGINT' ? 130 : null);
    if (signal === 'SIGINT') expect(err).toContain(`headlight train --resume ${out}`);
    expect(readdirSync(at(out))).not.toContain('seed=3');
    const before = contentsOf(at(out, 'seed=1'));

    const resumed = await headlight(here, 'train', '--resume', out, ...oneThread, '--json');
    expect(resumed.code, resumed.err).toBe(0);
    expect(resumed.err).not.toContain('run 1 of 3');
    expect(contentsOf(at(out, 'seed=1'))).toEqual(before);
    expect(runsOf(resumed.json()).map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    for (const name of names) {
      const [ours, whole] = [out, 'whole'].map((run) => readFileSync(at(run, name, 'model.safetensors')));
      expect(ours?.equals(whole as Buffer), name).toBe(true);
      // Ctrl-C judges the model where it stops: a line more.
      if (signal === 'SIGKILL') expect(metricsOf(at(out, name))).toEqual(metricsOf(at('whole', name)));
    }
  });

  test('a run that was finished but not yet written down is not done again', async () => {
    const record = JSON.parse(readFileSync(at('whole/sweep.json'), 'utf8')) as { finished: Record<string, unknown> };
    const { seconds: _, ...result } = record.finished['seed=2'] as Record<string, unknown>;
    writeFileSync(at('whole/sweep.json'), JSON.stringify({ ...record, finished: { ...record.finished, 'seed=2': undefined } }));
    const { code, json, err } = await within('train', '--resume', at('whole'), '--json');
    expect(code, err).toBe(0);
    expect(runsOf(json()).find(({ name }) => name === 'seed=2')).toEqual({ name: 'seed=2', settings: { seed: 2 }, ...result });
  });
});

describe('bad sweeps are one clear line, exit code 2, and nothing written', () => {
  const sweep = (...lists: string[]) => [
    'train',
    at('text.txt'),
    ...tiny,
    ...lists.flatMap((list) => ['--sweep', list]),
    '--out',
    at('new'),
  ];
  const cases: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
    ['no setting', sweep('lrr=1'), /--sweep: .*got "lrr"\. Nearest: lr\./],
    ['no values', sweep('lr='), /--sweep: values to try.*got none for lr/],
    ['no equals sign', sweep('lr'), /got none for lr/],
    ['out of range', sweep('lr=1,0'), /--sweep: --lr: a number above 0; got 0/],
    ['a word that is none', sweep('schedule=cosine,cosin'), /--schedule: one of .*got cosin\. Nearest: cosine/],
    ['a switch that is neither', sweep('bias=yes'), /--no-bias: true or false; got yes/],
    ['a later combination that is impossible', sweep('heads=2,3'), /divides the width; got width 16, heads 3/],
    ['another that contradicts', sweep('optimizer=adamw,sgd', 'beta1=0.9'), /--beta1 with an optimizer that has it; got --optimizer sgd/],
    ['other settings than it began with', ['train', '--resume', at('grid'), '--lr', '1'], /a sweep that goes on as it began; got lr/],
    ['another place', ['train', '--resume', at('grid'), '--out', at('new')], /a sweep that goes on as it began; got out/],
    ['a folder that has something in it', [...sweep('lr=1'), '--out', at('grid')], /--out: .*which has files in it/],
  ];
  test.each(cases)('%s', async (_, args, says) => {
    const before = contentsOf(here);
    const { code, out, err } = await within(...args);
    expect(err).toMatch(says);
    expect(err).toMatch(/^headlight: [^\n]+\n$/);
    expect([code, out]).toEqual([2, '']);
    expect(contentsOf(here)).toEqual(before);
  });

  test('a damaged record', async () => {
    writeFileSync(at('grid/sweep.json'), '[]');
    const { code, err } = await within('train', '--resume', at('grid'));
    expect([code, err]).toEqual([2, expect.stringMatching(/sweep\.json: a sweep's record/)]);
  });
});
