import { closeSync, openSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fail } from '../errors.js';
import type { PlacedFile } from './files.js';
import { readAt, reading } from './reading.node.js';

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
      const file = openSync(real, 'r');
      try {
        return readAt(file, offset, length, path);
      } finally {
        closeSync(file);
      }
    },
  };
}
