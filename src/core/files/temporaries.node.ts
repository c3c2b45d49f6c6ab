import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reading } from './reading.node.js';

/** What `temporaryName` makes, and nothing that a person would. */
const pattern = /^\..+\.[0-9a-f]{12}\.tmp$/;

/** A hidden name beside `path` that nobody else has: `.NAME.<12 hex digits>.tmp`. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/** @see Files.removeTemporaries */
export async function removeTemporaries(folder: string, idleSeconds: number): Promise<void> {
  await reading(folder, async () => {
    for (const name of await readdir(folder)) {
      if (!pattern.test(name)) continue;
      const path = join(folder, name);
      const idle = (Date.now() - (await lastWrite(path))) / 1000;
      if (idle >= idleSeconds) await rm(path, { recursive: true, force: true });
    }
  });
}

/** When a file, or a folder or anything in it, was written last; milliseconds. */
async function lastWrite(path: string): Promise<number> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return 0; // another process has removed or renamed it
  if (!info.isDirectory()) return info.mtimeMs;
  const inside = await Promise.all((await readdir(path).catch(() => [])).map((name) => lastWrite(join(path, name))));
  return Math.max(info.mtimeMs, ...inside);
}
