import { createHash } from 'node:crypto';
import { copyFile, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { systemError } from '../../core/files/system-error.js';
import type { HubSystem } from './system.js';

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(path, 'write', error);
  }
}

export const system: HubSystem = {
  env: (name) => process.env[name] || undefined,
  userCache() {
    const users = process.env.XDG_CACHE_HOME;
    return users && isAbsolute(users) ? users : join(homedir(), '.cache');
  },
  home: homedir,
  move: (from, to) => writing(to, () => rename(from, to)),
  link: (target, path) =>
    writing(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true });
      try {
        await symlink(target, path);
      } catch (error) {
        // Windows lets only some users make links.
        if ((error as { code?: unknown }).code !== 'EPERM') throw error;
        await copyFile(resolve(dirname(path), target), path);
      }
    }),
  hash(algorithm) {
    const hash = createHash(algorithm);
    return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
  },
};
