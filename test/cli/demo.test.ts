import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mentionsOf, strongestNameHead } from '#dist/cli/demo/repeated-name.js';
import { HostArray } from '#dist/core/index.js';
import { clientOf } from '../server/client.js';
import { headlight, metricsOf, temporaryFolder } from './command.js';
import { hasTerminal, onTerminal } from './terminal.js';

const here = temporaryFolder();

const short = ['demo', '--no-open', '--steps', '1', '--json'];
let json: Record<string, unknown>;

test('a short demo goes all the way', { timeout: 150_000 }, async () => {
  const first = await headlight(here, ...short);
  expect(first.code, first.err).toBe(0);
  json = first.json();
  expect(json).toMatchObject({ out: 'demo-run', picture: 'demo-run/attention.html', total: 20, passedBefore: 0, stopped: false });
  expect(readFileSync(join(here, 'demo-run/attention.html'), 'utf8')).toContain('<!doctype html>');
  expect(json.head).toMatchObject({ weight: expect.any(Number) });
  expect(lossOfRun()).toBe(json.valLoss);
});

/** The last loss of the demo that stands in the folder. */
function lossOfRun(): unknown {
  return metricsOf(join(here, 'demo-run')).findLast(({ valLoss }) => valLoss !== undefined)?.valLoss;
}

test.skipIf(hasTerminal)('it can be done again', { timeout: 150_000 }, async () => {
  const second = await headlight(here, ...short, '--seed', '1');
  expect(second.code, second.err).toBe(0);
  expect(lossOfRun()).toBe(second.json().valLoss);
  expect(lossOfRun()).not.toBe(json.valLoss);
});

test.skipIf(!hasTerminal)(
  'done again, on a terminal, it ends in the studio on what it has trained, until Ctrl-C',
  { timeout: 120_000 },
  async () => {
    // A desktop that writes down what it is asked to open.
    const [bin, opened] = [join(here, 'bin'), join(here, 'opened')];
    mkdirSync(bin);
    writeFileSync(join(bin, 'xdg-open'), `#!/bin/sh\necho "$@" >> '${opened}'\n`);
    chmodSync(join(bin, 'xdg-open'), 0o755);
    const { shows, type, finished } = onTerminal(here, ['demo', '--steps', '1', '--seed', '1'], `${bin}:/usr/bin:/bin`);
    const url = await shows(/http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{48}/);
    await shows(/Ctrl-C ends it/);
    expect(await (await fetch(url)).text()).toMatch(/<!doctype html>/i);
    const { port, searchParams } = new URL(url);
    const ask = clientOf({ port: Number(port), token: searchParams.get('token') ?? '' });
    const { first } = await ask('hello', {});
    expect((await ask('open', { model: first ?? '' })).parameters).toBe(418_816);
    await expect.poll(() => existsSync(opened) && readFileSync(opened, 'utf8').trim()).toBe(url);
    // Ctrl-C goes to the model's process too: nothing complains, and nothing is left.
    type('\u0003');
    const { code, shown } = await finished;
    expect(code).toBe(0);
    expect(shown).toMatch(/Ctrl-C ends it\.\s*\^C\s*$/);
    await expect(fetch(url)).rejects.toThrow();
    expect(lossOfRun()).toBeGreaterThan(0);
    expect(lossOfRun()).not.toBe(json.valLoss);
  },
);

test('it leaves what is not its own', async () => {
  writeFileSync(join(here, 'demo-run/notes.txt'), 'mine');
  const third = await headlight(here, ...short);
  expect([third.code, existsSync(join(here, 'demo-run/notes.txt')), existsSync(join(here, 'demo-run/model.safetensors'))]).toEqual([
    2,
    true,
    true,
  ]);
});

describe('the head that looks back at a name', () => {
  const text = 'Bo met Bo. Bo';

  test('mentions are whole words', () => {
    expect(mentionsOf('Bo', text)).toEqual([0, 7, 11]);
    expect(mentionsOf('Bo', 'Bob and Bo')).toEqual([8]);
  });

  test('is the one with the largest sum over one earlier mention, from any letter of a later one', () => {
    const length = text.length;
    const data = new Float32Array(2 * length * length);
    const set = (head: number, from: number, to: number, weight: number) => {
      data[(head * length + from) * length + to] = weight;
    };
    set(0, 12, 7, 0.75); // one letter
    set(1, 8, 0, 0.4); // two letters of one mention: 0.8 in all
    set(1, 8, 1, 0.4);
    set(1, 12, 1, 0.5); // two mentions: not added up
    set(1, 12, 8, 0.5);
    set(0, 4, 0, 1); // not from a name
    const pattern = new HostArray(data, [1, 2, length, length], 'float32');
    const maps = {
      data: { tokens: [...text], layers: 1, heads: 2, patterns: [data], title: '', model: '', sites: ['p'] },
      ids: [],
      patterns: [pattern],
    };
    const { weight, ...found } = strongestNameHead(maps, 'Bo', mentionsOf('Bo', text));
    expect(found).toEqual({ layer: 0, head: 1, from: 8, to: 0 });
    expect(weight).toBeCloseTo(0.8, 6);
  });
});
