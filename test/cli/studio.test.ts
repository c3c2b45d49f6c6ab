import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { clientOf } from '../server/client.js';
import { headlight, start, temporaryFolder } from './command.js';
import { hasTerminal, onTerminal } from './terminal.js';

const here = temporaryFolder();
const fixture = fileURLToPath(new URL('../fixtures/gpt2-tiny', import.meta.url));
cpSync(fixture, join(here, 'runs/mine'), { recursive: true });

test('studio prints one address, serves the page and the models of the folder, and ends at Ctrl-C', async () => {
  const { child, said, finished } = start(here, ['studio', '--no-open', '--json']);
  let out = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  await said('Ctrl-C ends it');
  const { url } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { url: string };
  expect(out.trim().split('\n')).toHaveLength(1);
  const { port, searchParams, hostname } = new URL(url);
  expect(hostname).toBe('127.0.0.1');
  const page = await fetch(url);
  expect(await page.text()).toMatch(/<!doctype html>/i);
  const ask = clientOf({ port: Number(port), token: searchParams.get('token') ?? '' });
  const { models, first, canTrain } = await ask('hello', {});
  expect([models.map(({ model }) => model), first, canTrain]).toEqual([['mine'], 'mine', true]);
  expect((await ask('open', { model: 'mine' })).type).toBe('gpt2');
  child.kill('SIGINT');
  expect((await finished).code).toBe(0);
});

test('one checkpoint is a studio too; what is none is said in one line', async () => {
  const { child, said, finished } = start(here, ['studio', 'runs/mine', '--no-open']);
  await said('Ctrl-C ends it');
  child.kill('SIGINT');
  const { code, out } = await finished;
  expect(code).toBe(0);
  expect(out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{48}\n$/);
  const missing = await headlight(here, 'studio', 'no/such/place/at/all', '--no-open');
  expect(missing.code).toBe(2);
  expect(missing.err.trim().split('\n')).toHaveLength(1);
});

test.skipIf(!hasTerminal)('on a terminal without a desktop the address is printed all the same', async () => {
  const { shows, type, finished } = onTerminal(here, ['studio', 'runs/mine'], '/nowhere');
  await shows(/Ctrl-C ends it/);
  type('\u0003');
  const { code, shown } = await finished;
  expect(code).toBe(0);
  expect(shown).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{48}\s/);
});
