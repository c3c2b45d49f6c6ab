import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Studio } from '#dist/server/index.node.js';
import { encodeFrame, frameType, tokenHeader } from '#dist/server/protocol/index.js';
import { clientOf, raw, startOn } from './client.js';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const parent = mkdtempSync(join(tmpdir(), 'headlight-studio-'));
const root = join(parent, 'models');
let studio: Studio;

beforeAll(async () => {
  mkdirSync(root);
  cpSync(join(fixtures, 'gpt2-tiny'), join(root, 'good'), { recursive: true });
  cpSync(join(fixtures, 'gpt2-tiny'), join(parent, 'outside'), { recursive: true });
  writeFileSync(join(parent, 'secret.txt'), 'a secret text of some length');
  symlinkSync(join(parent, 'outside'), join(root, 'link'));
  mkdirSync(join(root, 'linked-files'));
  for (const file of ['config.json', 'model.safetensors']) symlinkSync(join(parent, 'outside', file), join(root, 'linked-files', file));
  studio = await startOn(root);
});

afterAll(async () => {
  await studio.close();
  rmSync(parent, { recursive: true });
});

function post(headers: Readonly<Record<string, string>>, body: unknown = {}) {
  const own = { 'content-type': frameType, [tokenHeader]: studio.token, ...headers };
  return raw(studio.port, 'POST', '/api/hello', own, encodeFrame(body));
}

test('it listens on the loopback alone', async () => {
  const others = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).filter((a) => !a.internal && a.family === 'IPv4'));
  for (const { address } of others) await expect(fetch(`http://${address}:${studio.port}/`)).rejects.toThrow();
  expect((await raw(studio.port, 'GET', '/')).status).toBe(200);
});

test('the token is asked for, and only in a header', async () => {
  expect((await post({})).status).toBe(200);
  expect((await post({ [tokenHeader]: 'x'.repeat(48) })).status).toBe(401);
  expect((await post({ [tokenHeader]: '' })).status).toBe(401);
  const cookie = await raw(studio.port, 'POST', `/api/hello?token=${studio.token}`, {
    'content-type': frameType,
    cookie: `token=${studio.token}`,
  });
  expect(cookie.status).toBe(401);
  expect(studio.url).toContain(studio.token);
});

test.each([
  ['a name that was turned to this machine', { host: 'evil.example' }],
  ['another port', { host: '127.0.0.1:1' }],
  ['another origin', { origin: 'https://evil.example' }],
  ['another port’s origin', { origin: 'http://127.0.0.1:1' }],
  ['a page without an origin', { origin: 'null' }],
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['another local server’s page', { 'sec-fetch-site': 'same-site' }],
])('refused: %s', async (_, headers) => {
  const { status, body } = await post(headers);
  expect(status).toBe(403);
  expect(body).not.toContain(studio.token);
});

test('its own page is answered', async () => {
  const origin = `http://127.0.0.1:${studio.port}`;
  expect((await post({ origin, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  expect((await post({ host: `localhost:${studio.port}`, origin: `http://localhost:${studio.port}` })).status).toBe(200);
});

test('forms and simple requests of other pages cannot reach it', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
    expect((await post({ 'content-type': type })).status).toBe(415);
  expect((await raw(studio.port, 'GET', '/api/hello', { [tokenHeader]: studio.token })).status).toBe(405);
  expect((await raw(studio.port, 'OPTIONS', '/api/hello', { origin: 'https://evil.example' })).status).toBe(403);
  const { headers } = await post({});
  expect(headers['access-control-allow-origin']).toBeUndefined();
  expect(headers['set-cookie']).toBeUndefined();
});

test('every answer has a strict content-security policy, also refusals', async () => {
  for (const answer of [
    await raw(studio.port, 'GET', '/'),
    await raw(studio.port, 'GET', '/nothing'),
    await post({ host: 'evil.example' }),
  ]) {
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['x-frame-options']).toBe('DENY');
  }
});

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/assets/../../secret.txt',
  '/index.html/../../secret.txt',
  '//etc/passwd',
])('no file but the page’s: %s', async (path) => {
  const { status, body } = await raw(studio.port, 'GET', path);
  expect(status).toBe(404);
  expect(body).not.toContain('secret');
});

test.each([
  ['a folder above', '../outside'],
  ['the same, by way of another', 'good/../../outside'],
  ['an absolute path', join(parent, 'outside')],
  ['a link that leads outside', 'link'],
  ['a folder whose files are such links', 'linked-files'],
  ['a NUL', 'good\0'],
  ['nothing', 'none'],
])('no model outside the folder: %s', async (_, model) => {
  const ask = clientOf(studio);
  await expect(ask('open', { model })).rejects.toMatchObject({ code: 'file' });
});

test('no training text outside the folder, and no run outside it', async () => {
  const ask = clientOf(studio);
  const settings = { steps: 1 };
  for (const path of ['../secret.txt', join(parent, 'secret.txt')])
    await expect(ask('train.plan', { source: { kind: 'file', path }, settings })).rejects.toMatchObject({ code: 'file' });
  for (const name of ['../evil', 'a/b', '..', '.hidden', ''])
    await expect(ask('train.start', { source: { kind: 'stories' }, settings, name })).rejects.toThrow(/letters, digits/);
  await expect(ask('train.start', { source: { kind: 'stories' }, settings: { from: '../outside' } })).rejects.toThrow(
    /a setting of training/,
  );
  await expect(ask('train.curves', { model: '../outside' })).rejects.toMatchObject({ code: 'file' });
});

test('what is no message gives a message, not a dead server', async () => {
  const ask = clientOf(studio);
  const headers = { 'content-type': frameType, [tokenHeader]: studio.token };
  for (const body of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(64).fill(255), encodeFrame(['a', 'list']), encodeFrame(null)]) {
    const answer = await raw(studio.port, 'POST', '/api/open', headers, body);
    expect(answer.body).toContain('not a frame');
  }
  await expect(ask('nonsense' as 'hello', {})).rejects.toThrow(/names a model or a run/);
  await expect(ask('constructor' as 'open', { model: 'good' })).rejects.toThrow(/does not answer/);
  await expect(ask('read.run', { model: 'good' } as never)).rejects.toThrow();
  await expect(ask('read.run', { model: 'good', prompt: { kind: 'text', text: 'a'.repeat(300_000) } })).rejects.toMatchObject({
    code: 'limit',
  });
  const long = await raw(studio.port, 'POST', '/api/hello', { ...headers, 'content-length': String(2 ** 40) }).catch(() => undefined);
  expect(long === undefined || long.body.includes('longer than')).toBe(true);
  expect((await ask('hello', {})).models.map(({ model }) => model)).toEqual(['good', 'linked-files']);
});
