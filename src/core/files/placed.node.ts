import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fail } from '../errors.js';
import type { PlacedFile } from './files.js';
import { reading } from './reading.node.js';

/** A file on a disk, by its own name where the path is a link. */
export async function placeFile(path: string): Promise<PlacedFile> {
  const { real, was } = await reading(path, async () => {
    const name = realpathSync(path);
    return { real: name, was: statSync(name) };
  });
  const check = (): void => {
    const now = statSync(real, { throwIfNoEntry: false });
    if (now?.ino === was.ino && now.size === was.size && now.mtimeMs === was.mtimeMs) return;
    throw fail('file', {
      where: path,
      rule: 'the file that was opened, as it was',
      got: now === undefined ? 'no such file' : 'another or a changed one',
      fix: 'Load the model again',
    });
  };
  return {
    folder: dirname(real),
    name: basename(real),
    check,
    read(offset, length) {
      check();
      const bytes = new Uint8Array(length);
      const file = openSync(real, 'r');
      try {
        let done = 0;
        while (done < length) {
          // Linux reads at most 2 GiB at a time.
          const count = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
          if (count === 0) throw fail('file', { where: path, rule: `${length} bytes at ${offset}`, got: `${done}, the file ended` });
          done += count;
        }
      } finally {
        closeSync(file);
      }
      return bytes;
    },
  };
}
