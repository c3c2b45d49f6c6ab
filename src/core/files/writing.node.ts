import { mkdir, open, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fail, HeadlightError } from '../errors.js';
import type { Files, FileWriter } from './files.js';
import { systemCode, systemError } from './system-error.js';
import { temporaryName } from './temporaries.node.js';

/** Does what writes at `path`; errors of the system name it. */
export async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(path, 'write', error);
  }
}

/** Creates `path`; errors name `shown`, what a person knows it as. */
async function create(path: string, shown: string): Promise<FileWriter> {
  const handle = await writing(shown, async () => {
    // Absolute: where the working folder has been removed, Node's mkdir would try for ever.
    await mkdir(dirname(resolve(path)), { recursive: true });
    return open(path, 'wx');
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  return {
    write: (bytes) => writing(shown, () => handle.writeFile(bytes)),
    close: () =>
      writing(shown, async () => {
        // Some file systems report a full disk only here.
        if (isOpen) await handle.sync();
        await close();
      }),
    async discard() {
      await close().catch(() => {});
      await rm(path, { force: true });
    },
  };
}

export const createFile: Files['createFile'] = (path) => create(path, path);

export const writeAtomic: Files['writeAtomic'] = async (path, content) => {
  const temporary = temporaryName(path);
  const file = await create(temporary, path);
  try {
    for await (const part of partsOf(content)) await file.write(part);
    await file.close();
    await writing(path, () => rename(temporary, path));
  } catch (error) {
    await file.discard();
    throw error;
  }
  await writing(path, () => syncFolder(dirname(path)));
};

function partsOf(content: Parameters<Files['writeAtomic']>[1]): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof content === 'string') return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}

export const writeFolderAtomic: Files['writeFolderAtomic'] = async (folder, fill) => {
  const temporary = temporaryName(resolve(folder));
  try {
    await writing(folder, () => mkdir(temporary, { recursive: true }));
    await fill(temporary);
    await writing(folder, async () => {
      await syncFolder(temporary);
      await makeWay(folder);
      await rename(temporary, folder);
    });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // People know the folder by its own name, not by one that is gone.
    const isWithin = error instanceof HeadlightError && error.message.startsWith(temporary);
    throw isWithin ? systemError(folder, 'write', error.cause ?? error) : error;
  }
  await writing(folder, () => syncFolder(dirname(resolve(folder))));
};

/** An empty folder of the same name goes, any other stays and is an error. */
async function makeWay(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    throw fail('file', {
      where: folder,
      rule: 'a folder that is new or empty',
      got: code === 'ENOTDIR' ? 'a file' : 'a folder with files in it',
      fix: 'Name another, or move it away',
    });
  }
}

/** Makes a rename last through a power cut, where folders can be flushed; Windows and some network disks cannot. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (['ENOSPC', 'EDQUOT', 'EIO'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** @see Files.append */
export const addToEnd = (path: string, content: string | Uint8Array): Promise<void> =>
  writing(path, async () => {
    const handle = await open(path, 'a');
    try {
      const { size } = await handle.stat();
      try {
        await handle.writeFile(content);
      } catch (error) {
        await handle.truncate(size).catch(() => {}); // half a line is worse than none
        throw error;
      }
    } finally {
      await handle.close();
    }
  });
