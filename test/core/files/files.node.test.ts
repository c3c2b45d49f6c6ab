import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import { files } from '#files';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fileError = expect.objectContaining({ code: 'file' });

describe('writeAtomic', () => {
  test('writes text, bytes and parts, making folders, and leaves nothing else', async () => {
    const path = join(folder, 'a', 'b', 'file');
    await files.writeAtomic(path, 'héllo');
    expect(await files.readText(path)).toBe('héllo');
    await files.writeAtomic(path, Uint8Array.of(1, 2, 3));
    expect(await files.readBytes(path)).toEqual(Uint8Array.of(1, 2, 3));
    await files.writeAtomic(path, [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3, 4)]);
    expect(await files.readBytes(path)).toEqual(Uint8Array.of(1, 2, 3, 4));
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(5);
      yield Uint8Array.of(6, 7);
    }
    await files.writeAtomic(path, stream());
    expect(await files.readBytes(path)).toEqual(Uint8Array.of(5, 6, 7));
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file']);
  });

  test('a write that fails midway keeps the old file and leaves no temporary one', async () => {
    const path = join(folder, 'file');
    await files.writeAtomic(path, 'old');
    function* parts(): Iterable<Uint8Array> {
      yield new Uint8Array(100_000);
      throw new Error('the source failed');
    }
    await expect(files.writeAtomic(path, parts())).rejects.toThrow(/^the source failed$/); // its own words, not ours
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('a place that cannot be renamed onto leaves no temporary file', async () => {
    const path = join(folder, 'taken');
    await mkdir(join(path, 'inside'), { recursive: true });
    await expect(files.writeAtomic(path, 'new')).rejects.toMatchObject({ code: 'file' });
    expect(await readdir(folder)).toEqual(['taken']);
  });

  test('writes at once to one path end as one of them, whole', async () => {
    const path = join(folder, 'file');
    const contents = ['a', 'b', 'c', 'd'].map((c) => c.repeat(50_000));
    await Promise.all(contents.map((c) => files.writeAtomic(path, c)));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('writeFolderAtomic', () => {
  test('a folder appears whole, or not at all', async () => {
    const path = join(folder, 'deep', 'run');
    await files.writeFolderAtomic(path, async (temporary) => {
      await files.writeAtomic(join(temporary, 'a'), 'one');
      await files.writeAtomic(join(temporary, 'below', 'b'), 'two');
      expect((await files.stat(path)).kind).toBe('missing');
    });
    expect(await files.readText(join(path, 'below', 'b'))).toBe('two');
    const failing = files.writeFolderAtomic(join(folder, 'other'), async (temporary) => {
      await files.writeAtomic(join(temporary, 'a'), 'one');
      throw new Error('the writer failed');
    });
    await expect(failing).rejects.toThrow(/^the writer failed$/);
    expect(await readdir(folder)).toEqual(['deep']);
    expect(await readdir(join(folder, 'deep'))).toEqual(['run']);
  });

  test('takes the place of an empty folder, of no other', async () => {
    const fill = (temporary: string) => files.writeAtomic(join(temporary, 'a'), 'new');
    const path = join(folder, 'run');
    await mkdir(path);
    await files.writeFolderAtomic(path, fill);
    await expect(files.writeFolderAtomic(path, fill)).rejects.toThrow(
      `${path}: a folder that is new or empty; got a folder with files in it.`,
    );
    await writeFile(join(folder, 'file'), 'old');
    await expect(files.writeFolderAtomic(join(folder, 'file'), fill)).rejects.toThrow('a folder that is new or empty; got a file.');
    expect(await readdir(folder)).toEqual(['file', 'run']);
  });
});

describe('createFile', () => {
  test('writes as it goes; what is discarded is gone', async () => {
    const path = join(folder, 'a', 'file');
    const file = await files.createFile(path);
    await file.write(Uint8Array.of(1, 2));
    await file.write(Uint8Array.of(3));
    await file.close();
    expect(await files.readBytes(path)).toEqual(Uint8Array.of(1, 2, 3));
    await expect(files.createFile(path)).rejects.toMatchObject({ code: 'file' });
    const other = await files.createFile(join(folder, 'a', 'other'));
    await other.write(Uint8Array.of(1));
    await other.discard();
    expect(await readdir(join(folder, 'a'))).toEqual(['file']);
  });
});

describe('removeTemporaries', () => {
  test('takes what killed writers left, by name and age, and nothing else', async () => {
    const old = ['.model.0123456789ab.tmp', '.run.ba9876543210.tmp/inside', 'notes.tmp', '.hidden', '.x.0123.tmp'];
    for (const name of [...old, '.young.0123456789ab.tmp', '.busy.0123456789ab.tmp/inside']) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), 'x');
      const time = Date.now() / 1000 - (old.includes(name) ? 100 : 0);
      await utimes(join(folder, name), time, time);
      if (name.includes('/')) await utimes(dirname(join(folder, name)), Date.now() / 1000 - 100, Date.now() / 1000 - 100);
    }
    await files.removeTemporaries(folder, 50);
    const left = ['.busy.0123456789ab.tmp', '.hidden', '.x.0123.tmp', '.young.0123456789ab.tmp', 'notes.tmp'];
    expect(await files.list(folder)).toEqual(left);
    await files.removeTemporaries(folder, 0);
    expect(await files.list(folder)).toEqual(['.hidden', '.x.0123.tmp', 'notes.tmp']);
  });
});

describe('readBlocks', () => {
  test('gives a file in blocks of one size, the last one shorter', async () => {
    const path = join(folder, 'file');
    for (const bytes of [0, 1, 9, 10, 11, 20, 35]) {
      const content = Uint8Array.from({ length: bytes }, (_, i) => i);
      await writeFile(path, content);
      const blocks: Uint8Array[] = [];
      for await (const block of files.readBlocks(path, 10)) blocks.push(block);
      expect(blocks.flatMap((block) => [...block])).toEqual([...content]);
      expect(blocks.map((block) => block.length)).toEqual(
        Array.from({ length: Math.ceil(bytes / 10) }, (_, i) => Math.min(10, bytes - 10 * i)),
      );
    }
  });

  test('can be left early, and names what it cannot read', async () => {
    const path = join(folder, 'file');
    await writeFile(path, new Uint8Array(100));
    for await (const block of files.readBlocks(path, 10)) {
      expect(block.length).toBe(10);
      break;
    }
    const read = async (from: string) => {
      for await (const _ of files.readBlocks(from, 10));
    };
    await expect(read(join(folder, 'no'))).rejects.toThrow(`${join(folder, 'no')}: a file that can be opened; got no such file or folder.`);
    await expect(read(folder)).rejects.toThrow(`${folder}: a file that can be opened; got a folder.`);
  });
});

test('the cache folder is HEADLIGHT_CACHE, else in the cache of the user', () => {
  vi.stubEnv('HEADLIGHT_CACHE', '');
  vi.stubEnv('XDG_CACHE_HOME', 'not/absolute');
  expect(files.cacheFolder()).toBe(join(homedir(), '.cache', 'headlight'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
  expect(files.cacheFolder()).toBe(join(folder, 'headlight'));
  vi.stubEnv('HEADLIGHT_CACHE', join(folder, 'ours'));
  expect(files.cacheFolder()).toBe(join(folder, 'ours'));
  vi.unstubAllEnvs();
});

describe('ranges', () => {
  test('read any part, to the last byte', async () => {
    const path = join(folder, 'file');
    await writeFile(
      path,
      Uint8Array.from({ length: 100 }, (_, i) => i),
    );
    const range = await files.openRange(path);
    expect(range.bytes).toBe(100);
    expect(await range.read(10, 3)).toEqual(Uint8Array.of(10, 11, 12));
    expect(await range.read(99, 1)).toEqual(Uint8Array.of(99));
    expect(await range.read(100, 0)).toHaveLength(0);
    await expect(range.read(99, 2)).rejects.toThrow(`${path}: a range within its 100 bytes; got 2 bytes at 99.`);
    await expect(range.read(-1, 2)).rejects.toEqual(fileError);
    await range.close();
  });

  test('a file that shrank since is an error, not zeros', async () => {
    const path = join(folder, 'file');
    await writeFile(path, new Uint8Array(100).fill(1));
    const range = await files.openRange(path);
    await writeFile(path, new Uint8Array(50).fill(1));
    await expect(range.read(40, 20)).rejects.toThrow('10, the file ended');
    await range.close();
  });

  test('a folder cannot be read by parts', async () => {
    await expect(files.openRange(folder)).rejects.toThrow(`${folder}: a file; got a folder or device.`);
  });
});

describe('what is not there', () => {
  test('is missing to stat', async () => {
    expect(await files.stat(join(folder, 'no'))).toEqual({ kind: 'missing', bytes: 0 });
    await writeFile(join(folder, 'file'), 'abc');
    expect(await files.stat(join(folder, 'file', 'below'))).toEqual({ kind: 'missing', bytes: 0 });
    expect(await files.stat(join(folder, 'file'))).toEqual({ kind: 'file', bytes: 3 });
    expect(await files.stat(folder)).toMatchObject({ kind: 'folder' });
  });

  test('is an error that names the path to everything else', async () => {
    const path = join(folder, 'no');
    for (const work of [() => files.readBytes(path), () => files.readText(path), () => files.openRange(path), () => files.list(path)]) {
      const error = await work().then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(HeadlightError);
      expect((error as Error).message).toBe(`${path}: a file that can be opened; got no such file or folder.`);
    }
    await expect(files.readText(folder)).rejects.toThrow('got a folder');
  });

  test('removing it is harmless', async () => {
    await expect(files.remove(join(folder, 'no'))).resolves.toBeUndefined();
  });
});

test('list is sorted; append adds; remove takes folders', async () => {
  for (const name of ['b', 'a', 'c']) await writeFile(join(folder, name), name);
  expect(await files.list(folder)).toEqual(['a', 'b', 'c']);
  await files.append(join(folder, 'a'), '+');
  await files.append(join(folder, 'a'), '+');
  expect(await files.readText(join(folder, 'a'))).toBe('a++');
  await files.remove(folder);
  expect((await files.stat(folder)).kind).toBe('missing');
});
