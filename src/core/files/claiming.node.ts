import { readFile, rm, writeFile } from 'node:fs/promises';
import { fail } from '../errors.js';
import { systemCode } from './system-error.js';
import { writing } from './writing.node.js';

/** @see Files.claim */
export async function claim(path: string): Promise<() => Promise<void>> {
  const release = (): Promise<void> => rm(path, { force: true });
  await writing(path, async () => {
    try {
      return await writeFile(path, `${process.pid}\n`, { flag: 'wx' });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const owner = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
    if (owner !== process.pid && isAlive(owner)) {
      throw fail('file', {
        where: path,
        rule: 'a folder that no other process is at work in',
        got: `process ${owner}, which is`,
        fix: 'Stop it first, or wait until it is done; if it is another program, remove this file',
      });
    }
    await writeFile(path, `${process.pid}\n`); // left by a process that was killed
  });
  return release;
}

export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
