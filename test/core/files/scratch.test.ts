import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScratchFile } from '#dist/core/files/files.js';
import { files } from '#dist/core/files/files.node.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headlight-scratch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function scratch(at = folder): Promise<ScratchFile> {
  const file = await files.scratch(at, 100);
  if (file === undefined) throw new Error('no disk');
  return file;
}

/** How a program that holds a file in the folder ends, and what it leaves. @param how what the program does then, or a signal */
async function ended(how: string): Promise<{ left: string[]; during: string[]; code: number | null; signal: NodeJS.Signals | null }> {
  const isSignal = how.startsWith('SIG');
  const program = `
    import { files } from '#files';
    const file = await files.scratch(process.argv[1], 3);
    await file.write(Uint8Array.of(1, 2, 3));
    process.stdout.write('ready');
    setTimeout(() => file.check(), 30000);
    ${isSignal ? '' : `process.stdin.once('data', () => { ${how} })`}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, folder], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const during = readdirSync(folder);
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  if (isSignal) child.kill(how as NodeJS.Signals);
  else child.stdin.write('go');
  return { ...(await exit), during, left: readdirSync(folder) };
}

describe('a scratch file', () => {
  test('holds what is written, one part after another, for whoever opens its place', async () => {
    const file = await scratch(join(folder, 'new', 'place'));
    expect(await file.write(Uint8Array.of(1, 2, 3, 4))).toBe(0);
    expect(await file.write(Uint8Array.of(5, 6))).toBe(4);
    expect(file.read(3, 3)).toEqual(Uint8Array.of(4, 5, 6));
    expect(new Uint8Array(readFileSync(join(file.folder, file.name)))).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
    file.check();
    expect(() => file.read(4, 3)).toThrow(/3 bytes at 4; got 2, the file ended/);
    file.discard();
    expect(readdirSync(join(folder, 'new', 'place'))).toEqual([]);
  });

  test('that another has changed, replaced or removed is refused', async () => {
    const file = await scratch();
    await file.write(Uint8Array.of(1, 2));
    const path = join(file.folder, file.name);
    writeFileSync(path, 'longer');
    expect(() => file.check()).toThrow(/the file that this process wrote; got another or a changed one/);
    rmSync(path);
    expect(() => file.check()).toThrow(/got no such file/);
    writeFileSync(path, 'ab');
    expect(() => file.check()).toThrow(/got another/);
    file.discard();
  });

  test('goes when nothing refers to it any more, and with the last one what listens for the end of the process', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const before = process.listenerCount('SIGINT');
    const kept = await scratch();
    await (async () => {
      await (await scratch()).write(new Uint8Array(10));
    })();
    expect(readdirSync(folder)).toHaveLength(2);
    for (let i = 0; i < 50 && readdirSync(folder).length > 1; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(readdirSync(folder)).toEqual([kept.name]);
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    kept.discard();
    expect(readdirSync(folder)).toEqual([]);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  test('is not made where no file can be', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(files.scratch(join(folder, 'file'), 1)).rejects.toMatchObject({ code: 'file' });
    expect(await files.scratch(folder, 2 ** 60)).toBeUndefined();
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

describe.skipIf(process.platform === 'win32')('however its process ends, a scratch file is removed', () => {
  test.each([
    ['by itself', 'process.exit(7)', 7, null],
    ['by an error', "setTimeout(() => { throw new Error('no') })", 1, null],
    ['by SIGINT', 'SIGINT', null, 'SIGINT'],
    ['by SIGTERM', 'SIGTERM', null, 'SIGTERM'],
  ])('%s', async (_, how, code, signal) => {
    const end = await ended(how);
    expect(end.during).toHaveLength(1);
    expect(end).toMatchObject({ code, signal, left: [] });
  });

  test('killed: by the next process that makes one, which leaves those of the living and of other machines', async () => {
    const { left } = await ended('SIGKILL');
    expect(left).toHaveLength(1);
    const others = [
      `.scratch-${hostname().replaceAll(/[^\w-]/g, '-')}-${process.ppid}.0123456789ab.tmp`,
      '.scratch-elsewhere-1.0123456789ab.tmp',
      'mine',
    ];
    for (const name of others) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, 'models'));
    // A folder of such a name is not ours.
    others.push((left[0] as string).replace(/[0-9a-f]{12}/, 'ffffffffffff'));
    mkdirSync(join(folder, others.at(-1) as string));
    const file = await scratch();
    expect(readdirSync(folder).sort()).toEqual([...others, 'models', file.name].sort());
    file.discard();
    expect(existsSync(join(folder, left[0] as string))).toBe(false);
  });
});
