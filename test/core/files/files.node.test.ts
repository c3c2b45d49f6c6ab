import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file']);
  });

  test('a write that fails midway keeps the old file and leaves no temporary one', async () => {
    const path = join(folder, 'file');
    await files.writeAtomic(path, 'old');
    function* parts(): Iterable<Uint8Array> {
      yield new Uint8Array(100_000);
      throw new Error('the source failed');
    }
    await expect(files.writeAtomic(path, parts())).rejects.toThrow('the source failed');
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
