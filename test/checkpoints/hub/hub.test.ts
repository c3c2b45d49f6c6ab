import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchCheckpoint, isHubId, loadModel, resolveCheckpoint } from '#dist/checkpoints/index.js';
import { fixture } from '../../support/arrays.js';
import { commit, MockHub } from './mock-hub.js';

let home = '';
let hub: MockHub;
let weights: Uint8Array;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'headlight-hub-'));
  weights = new Uint8Array(await readFile(fixture('gpt2-tiny/model.safetensors')));
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  hub = new MockHub({
    'config.json': new Uint8Array(await readFile(fixture('gpt2-tiny/config.json'))),
    'model.safetensors': weights,
    'merges.txt': text(''),
    'README.md': text('no need of it'),
    'pytorch_model.bin': text('nor of this'),
    '1_Pooling/config.json': text('{}'),
  });
  vi.stubEnv('HF_HOME', home);
  vi.stubEnv('HF_ENDPOINT', `${await hub.start()}/`);
  for (const name of ['HF_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  await rm(home, { recursive: true });
});

const base = (): string => join(home, 'hub', 'models--owner--name');
const errorOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error('no error'),
    (e: Error) => e,
  );

describe('a model of the hub', () => {
  it('comes to the cache as other tools keep it, and is a model', async () => {
    const progress: number[] = [];
    const found = await fetchCheckpoint('owner/name', {
      onProgress: ({ file, received }) => file.endsWith('s') && progress.push(received),
    });
    expect(found).toEqual({ folder: join(base(), 'snapshots', commit), commit, fromCache: false });
    expect(await readFile(join(base(), 'refs', 'main'), 'utf8')).toBe(commit);
    expect((await readdir(found.folder, { recursive: true })).sort()).toEqual(
      ['1_Pooling', '1_Pooling/config.json', 'config.json', 'merges.txt', 'model.safetensors'].sort(),
    );
    expect(await readlink(join(found.folder, 'model.safetensors'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect(await readlink(join(found.folder, '1_Pooling/config.json'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(new Uint8Array(await readFile(join(found.folder, 'model.safetensors')))).toEqual(weights);
    expect(progress.at(-1)).toBe(weights.length);
    const model = await loadModel(await resolveCheckpoint('owner/name'));
    expect(model.parameters().get('tokens.weight')?.value.data).toEqual(
      (await loadModel(fixture('gpt2-tiny'))).parameters().get('tokens.weight')?.value.data,
    );
  });

  it('is fetched once', async () => {
    await fetchCheckpoint('owner/name');
    const before = hub.seen.length;
    await fetchCheckpoint('owner/name');
    expect(hub.seen.slice(before).map((s) => s.path)).toEqual(['/api/models/owner/name/revision/main']);
  });

  it('offline, comes from the cache alone, or not at all', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const error = await errorOf(fetchCheckpoint('owner/name'));
    expect(error).toMatchObject({ code: 'file' });
    expect(error.message).toMatch(/^owner\/name: a model that was fetched before; got none in .*, and HF_HUB_OFFLINE is set\./);
    vi.stubEnv('HF_HUB_OFFLINE', '');
    await fetchCheckpoint('owner/name');
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const before = hub.seen.length;
    expect((await fetchCheckpoint('owner/name')).fromCache).toBe(true);
    expect((await fetchCheckpoint('owner/name', { revision: commit })).fromCache).toBe(true);
    expect(hub.seen.length).toBe(before);
  });

  it('comes from the cache where the hub does not answer', async () => {
    await fetchCheckpoint('owner/name');
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    expect((await fetchCheckpoint('owner/name')).fromCache).toBe(true);
    expect((await errorOf(fetchCheckpoint('owner/other'))).message).toMatch(
      /^http:\/\/127\.0\.0\.1:9: a hub that answers; got .*Check the connection/,
    );
  });

  it('is asked for with the token, from the environment or the file', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    await fetchCheckpoint('owner/name');
    expect(new Set(hub.seen.map((s) => s.authorization))).toEqual(new Set(['Bearer hf_secret']));
    vi.stubEnv('HF_TOKEN', '');
    await writeFile(join(home, 'token'), 'hf_saved\n');
    await fetchCheckpoint('owner/name');
    expect(hub.seen.at(-1)?.authorization).toBe('Bearer hf_saved');
  });

  it('in chosen files', async () => {
    const { folder } = await fetchCheckpoint('owner/name', { files: ['*.md'] });
    expect(await readdir(folder)).toEqual(['README.md']);
    await expect(fetchCheckpoint('owner/name', { files: ['*.gguf'] })).rejects.toThrow(/a file that fits \*\.gguf; got config\.json/);
  });
});

describe('a download that breaks', () => {
  it('goes on where it stopped', async () => {
    hub.cuts = [20_000, 3000];
    await fetchCheckpoint('owner/name', { files: ['model.safetensors'] });
    const ranges = hub.seen.filter((s) => s.method === 'GET' && s.path.startsWith('/elsewhere')).map((s) => s.range);
    expect(ranges).toEqual([undefined, 'bytes=20000-', 'bytes=23000-']);
  });

  it('again and again is an error that says how to go on, and the next call does', async () => {
    hub.cuts = [1000, 1000, 1000];
    const error = await errorOf(fetchCheckpoint('owner/name', { files: ['model.safetensors'] }));
    expect(error).toMatchObject({ code: 'file' });
    expect(error.message).toMatch(/all \d+ bytes of "model\.safetensors"; got 3000, the download was cut off\. Run it again/);
    expect(error.message).not.toContain('\n');
    const [partial] = (await readdir(join(base(), 'blobs'))) as [string];
    expect(partial).toMatch(/^[0-9a-f]{64}\.incomplete$/);
    expect((await stat(join(base(), 'blobs', partial))).size).toBe(3000);
    const { folder } = await fetchCheckpoint('owner/name', { files: ['model.safetensors'] });
    expect(hub.seen.at(-1)?.range).toBe('bytes=3000-');
    expect(new Uint8Array(await readFile(join(folder, 'model.safetensors')))).toEqual(weights);
  });

  it('begins anew where the server knows no ranges', async () => {
    hub.cuts = [1000];
    hub.honoursRanges = false;
    const { folder } = await fetchCheckpoint('owner/name', { files: ['model.safetensors'] });
    expect(new Uint8Array(await readFile(join(folder, 'model.safetensors')))).toEqual(weights);
  });

  it('and whose first part is damaged is found by its hash, and removed', async () => {
    hub.cuts = [1000, 1, 1];
    await errorOf(fetchCheckpoint('owner/name', { files: ['model.safetensors'] }));
    const [partial] = (await readdir(join(base(), 'blobs'))) as [string];
    await writeFile(join(base(), 'blobs', partial), 'other bytes');
    const error = await errorOf(fetchCheckpoint('owner/name', { files: ['model.safetensors'] }));
    expect(error.message).toMatch(/"model\.safetensors" of hash [0-9a-f]{64}; got [0-9a-f]{64}\. What arrived was damaged/);
    expect(await readdir(join(base(), 'blobs'))).toEqual([]);
    await fetchCheckpoint('owner/name', { files: ['model.safetensors'] });
  });

  it('may be stopped', async () => {
    await expect(fetchCheckpoint('owner/name', { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('what is refused, in one line', () => {
  it.each([
    ['no/such', {}, /a model "no\/such" that the hub has; got HTTP status 404\. Check the spelling/],
    ['owner/name', { revision: 'v2' }, /a model "owner\/name" with the revision "v2" that the hub has; got HTTP status 404/],
    ['../name', {}, /an id of the form owner\/name; got "\.\.\/name"/],
    ['a/b/c', {}, /an id of the form/],
    ['owner/name', { revision: '../x' }, /as revision; got "\.\.\/x"/],
  ])('%s %o', async (id, options, message) => {
    const error = await errorOf(fetchCheckpoint(id, options));
    expect(error).toMatchObject({ name: 'HeadlightError' });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
  });

  it('a server that says other things', async () => {
    const answers: [(path: string) => string | undefined, RegExp][] = [
      [() => 'not json', /an answer of JSON; got "not json"/],
      [() => 'null', /the hub's answer/],
      [() => '{"sha":"../../x","siblings":[]}', /the hub's answer/],
      [
        () => JSON.stringify({ sha: commit, siblings: [{ rfilename: 'a.gguf' }, { rfilename: '../../evil' }, null] }),
        /safetensors; got a\.gguf\. /,
      ],
    ];
    for (const [answer, message] of answers) {
      hub.override = (path, response) => {
        response.end(answer(path));
        return true;
      };
      expect((await errorOf(fetchCheckpoint('owner/name'))).message).toMatch(message);
    }
    for (const [status, message] of [
      [401, /private or gated model needs HF_TOKEN/],
      [403, /Ask for access/],
      [500, /Try again later/],
    ] as const) {
      hub.override = (_, response) => {
        response.writeHead(status).end();
        return true;
      };
      expect((await errorOf(fetchCheckpoint('owner/name'))).message).toMatch(message);
    }
    vi.stubEnv('HF_ENDPOINT', 'ftp://x');
    await expect(fetchCheckpoint('owner/name')).rejects.toMatchObject({ code: 'value' });
  });

  it('what is neither a path nor an id', async () => {
    await expect(resolveCheckpoint('./nowhere')).rejects.toThrow(/or a model's id on the hub/);
    await expect(resolveCheckpoint('runs/none.gguf')).rejects.toThrow(/no such file or folder/);
    expect(await resolveCheckpoint(home)).toBe(home);
    expect(['openai-community/gpt2', 'gpt2', 'a--b/c', '/x', 'a/.b', 'a b/c'].map(isHubId)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
