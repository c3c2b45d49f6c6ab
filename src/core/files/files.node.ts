import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { claim } from './claiming.node.js';
import type { Files } from './files.js';
import { placeFile } from './placed.node.js';
import { openRange, readBlocks, reading } from './reading.node.js';
import { removePath } from './removing.node.js';
import { scratchFile } from './scratch.node.js';
import { systemCode } from './system-error.js';
import { removeTemporaries } from './temporaries.node.js';
import { addToEnd, createFile, writeAtomic, writeFolderAtomic, writing } from './writing.node.js';

export const files: Files = {
  stat: (path) =>
    reading(path, async () => {
      try {
        const s = await stat(path);
        return { kind: s.isDirectory() ? 'folder' : 'file', bytes: s.size };
      } catch (error) {
        const code = systemCode(error);
        if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing', bytes: 0 };
        throw error;
      }
    }),
  readBytes: (path) => reading(path, async () => new Uint8Array(await readFile(path))),
  readText: (path) => reading(path, () => readFile(path, 'utf8')),
  readBlocks,
  openRange,
  place: placeFile,
  scratch: scratchFile,
  list: (folder) => reading(folder, async () => (await readdir(folder)).sort()),
  makeFolder: (folder) => writing(folder, async () => void (await mkdir(resolve(folder), { recursive: true }))),
  createFile,
  writeAtomic,
  writeFolderAtomic,
  removeTemporaries,
  append: addToEnd,
  appendBytes: addToEnd,
  remove: removePath,
  claim,
  join,
  resolve,
  cacheFolder() {
    const { HEADLIGHT_CACHE: ours, XDG_CACHE_HOME: users } = process.env;
    if (ours) return resolve(ours);
    // The XDG Base Directory Specification bids ignore relative paths.
    return join(users && isAbsolute(users) ? users : join(homedir(), '.cache'), 'headlight');
  },
};
