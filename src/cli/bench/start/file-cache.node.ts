import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's python: it has the call that Node lacks. */
const python = '/usr/bin/python3';
const script = `
import os, sys
for path in sys.stdin.read().split('\\0'):
    file = os.open(path, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)
`;

/**
 * Lets the system forget what it holds of some files, so that the next start reads them from the disk. What
 * another process has mapped stays, such as node itself.
 * @returns why not, where that cannot be done
 */
export function forgetFiles(paths: readonly string[]): string | undefined {
  if (process.platform !== 'linux' || !existsSync(python)) return `needs Linux and ${python}`;
  if (paths.length === 0) return undefined;
  const { status, stderr } = spawnSync(python, ['-c', script], { input: paths.join('\0'), encoding: 'utf8' });
  return status === 0 ? undefined : (stderr.trim().split('\n').at(-1) ?? 'it failed');
}

/** Every file below a folder. */
export function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
