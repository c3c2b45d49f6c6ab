import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fail, type HeadlightError } from '../errors.js';
import type { Files, RangeReader } from './files.js';

function fileError(path: string, error: unknown): HeadlightError {
  const code = (error as { code?: string }).code;
  const got =
    code === 'ENOENT'
      ? 'no such file or folder'
      : code === 'EISDIR'
        ? 'a folder'
        : code === 'EACCES'
          ? 'no permission'
          : String((error as Error).message);
  return fail('file', { where: path, rule: 'a file that can be opened', got, cause: error });
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(path, error);
  }
}

async function openRange(path: string): Promise<RangeReader> {
  const handle = await guarded(path, () => open(path, 'r'));
  const info = await handle.stat();
  if (!info.isFile()) {
    await handle.close();
    throw fail('file', { where: path, rule: 'a file', got: 'a folder or device' });
  }
  const bytes = info.size;
  return {
    bytes,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes) {
        throw fail('file', { where: path, rule: `a range within its ${bytes} bytes`, got: `${length} bytes at ${offset}` });
      }
      const buffer = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await guarded(path, () => handle.read(buffer, done, Math.min(length - done, 2 ** 30), offset + done));
        if (bytesRead === 0) throw fail('file', { where: path, rule: `${length} bytes at ${offset}`, got: `${done}, the file ended` });
        done += bytesRead;
      }
      return buffer;
    },
    close: () => handle.close(),
  };
}

export const files: Files = {
  async stat(path) {
    try {
      const s = await stat(path);
      return { kind: s.isDirectory() ? 'folder' : 'file', bytes: s.size };
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing', bytes: 0 };
      throw fileError(path, error);
    }
  },
  readBytes: (path) => guarded(path, async () => new Uint8Array(await readFile(path))),
  readText: (path) => guarded(path, () => readFile(path, 'utf8')),
  openRange,
  list: (folder) => guarded(folder, async () => (await readdir(folder)).sort()),
  makeFolder: (folder) => guarded(folder, async () => void (await mkdir(folder, { recursive: true }))),
  async writeAtomic(path, content) {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    await guarded(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      try {
        const handle = await open(temporary, 'wx');
        try {
          const chunks = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
          for (const chunk of chunks) await handle.writeFile(chunk);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
  },
  append: (path, text) => guarded(path, () => appendFile(path, text)),
  remove: (path) => guarded(path, () => rm(path, { recursive: true, force: true })),
  join,
  resolve,
};
