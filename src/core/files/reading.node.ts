import { readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fail } from '../errors.js';
import type { RangeReader } from './files.js';
import { systemError } from './system-error.js';

/** Linux reads at most 2 GiB at a time. */
const mostAtOnce = 2 ** 30;

/** Does what reads at `path`; errors of the system name it. */
export async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(path, 'read', error);
  }
}

export async function openRange(path: string): Promise<RangeReader> {
  const handle = await reading(path, () => open(path, 'r'));
  const info = await handle.stat();
  if (!info.isFile()) {
    await handle.close();
    throw fail('file', { where: path, rule: 'a file', got: 'a folder or device' });
  }
  const bytes = info.size;
  return {
    bytes,
    async read(offset, length, into) {
      if (offset < 0 || length < 0 || offset + length > bytes) {
        throw fail('file', { where: path, rule: `a range within its ${bytes} bytes`, got: `${length} bytes at ${offset}` });
      }
      const buffer = into ?? new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await reading(path, () => handle.read(buffer, done, Math.min(length - done, mostAtOnce), offset + done));
        if (bytesRead === 0) throw fail('file', { where: path, rule: `${length} bytes at ${offset}`, got: `${done}, the file ended` });
        done += bytesRead;
      }
      return buffer;
    },
    close: () => handle.close(),
  };
}

/** `length` bytes of an open file from `offset`, at once. @param path the file's name, for errors */
export function readAt(descriptor: number, offset: number, length: number, path: string): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const count = readSync(descriptor, bytes, done, Math.min(length - done, mostAtOnce), offset + done);
    if (count === 0) throw fail('file', { where: path, rule: `${length} bytes at ${offset}`, got: `${done}, the file ended` });
    done += count;
  }
  return bytes;
}

/** Reads on while a block is worked on: one block ahead, no more. Pipes are read as files are. */
export async function* readBlocks(path: string, blockBytes: number): AsyncGenerator<Uint8Array> {
  const handle = await reading(path, () => open(path, 'r'));
  let next: Promise<Uint8Array> | undefined;
  const readBlock = async (): Promise<Uint8Array> => {
    const block = new Uint8Array(blockBytes);
    let done = 0;
    while (done < blockBytes) {
      const { bytesRead } = await reading(path, () => handle.read(block, done, blockBytes - done, null));
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return block.subarray(0, done);
  };
  try {
    for (let block = await readBlock(); block.length > 0; block = await next) {
      next = block.length === blockBytes ? readBlock() : Promise.resolve(new Uint8Array(0));
      // Awaited in the next round, or in `finally`: until then its failure must not count as unhandled.
      next.catch(() => {});
      yield block;
    }
  } finally {
    await next?.catch(() => {});
    await handle.close();
  }
}
