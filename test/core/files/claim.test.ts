import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { files } from '#dist/core/files/files.node.js';

const here = mkdtempSync(join(tmpdir(), 'headlight-claim-'));
afterAll(() => rmSync(here, { recursive: true, force: true }));

test('a place is taken, given back, and taken again', async () => {
  const path = join(here, 'a.lock');
  const release = await files.claim(path);
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  await release();
  expect(existsSync(path)).toBe(false);
  await (await files.claim(path))();
});

test('a living process keeps its place; what a dead one left is taken over', async () => {
  const path = join(here, 'b.lock');
  const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20000)'], { stdio: 'ignore' });
  writeFileSync(path, `${other.pid}\n`);
  await expect(files.claim(path)).rejects.toThrow(new RegExp(`no other process is at work in; got process ${other.pid}`));
  expect(readFileSync(path, 'utf8')).toBe(`${other.pid}\n`);
  other.kill('SIGKILL');
  await new Promise((resolve) => other.once('exit', resolve));
  await (await files.claim(path))();

  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(path, `${pid}\n`);
  await (await files.claim(path))();
  writeFileSync(path, 'nothing of a number');
  await (await files.claim(path))();
});
