import { fail, type HeadlightError } from '../errors.js';
import type { Files } from './files.js';

/** In a browser, paths are addresses: reading is fetching, and there is nowhere to write. */
function noDisk(path: string): HeadlightError {
  return fail('unsupported', {
    where: path,
    rule: 'writing and listing need a disk',
    got: 'a browser',
    fix: 'Use the functions that take and return bytes',
  });
}

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(path, { headers });
  if (!response.ok) throw fail('file', { where: path, rule: 'an address that answers', got: `HTTP status ${response.status}` });
  return response;
}

export const files: Files = {
  async stat(path) {
    const response = await fetch(path, { method: 'HEAD' });
    return response.ok ? { kind: 'file', bytes: Number(response.headers.get('content-length') ?? 0) } : { kind: 'missing', bytes: 0 };
  },
  readBytes: async (path) => new Uint8Array(await (await get(path)).arrayBuffer()),
  readText: async (path) => (await get(path)).text(),
  async *readBlocks(path, blockBytes) {
    const { body } = await get(path);
    if (body === null) return;
    const reader = body.getReader();
    let block = new Uint8Array(blockBytes);
    let filled = 0;
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        for (let rest = part.value; rest.length > 0; ) {
          const taken = rest.subarray(0, blockBytes - filled);
          block.set(taken, filled);
          filled += taken.length;
          rest = rest.subarray(taken.length);
          if (filled < blockBytes) continue;
          yield block;
          block = new Uint8Array(blockBytes);
          filled = 0;
        }
      }
      if (filled > 0) yield block.subarray(0, filled);
    } finally {
      await reader.cancel();
    }
  },
  async openRange(path) {
    const { kind, bytes } = await files.stat(path);
    if (kind === 'missing') throw fail('file', { where: path, rule: 'an address that answers', got: 'none' });
    return {
      bytes,
      async read(offset, length, into) {
        if (length === 0) return into ?? new Uint8Array(0); // no range header says nothing
        const response = await get(path, { Range: `bytes=${offset}-${offset + length - 1}` });
        const body = new Uint8Array(await response.arrayBuffer());
        // A server that knows no ranges sends all of it.
        const part = response.status === 206 ? body : body.subarray(offset, offset + length);
        if (part.length !== length) throw fail('file', { where: path, rule: `${length} bytes at ${offset}`, got: String(part.length) });
        into?.set(part);
        return into ?? part;
      },
      close: async () => {},
    };
  },
  place: async () => undefined,
  scratch: async () => undefined,
  list: async (folder) => Promise.reject(noDisk(folder)),
  makeFolder: async (folder) => Promise.reject(noDisk(folder)),
  createFile: async (path) => Promise.reject(noDisk(path)),
  writeFolderAtomic: async (folder) => Promise.reject(noDisk(folder)),
  removeTemporaries: async (folder) => Promise.reject(noDisk(folder)),
  writeAtomic: async (path) => Promise.reject(noDisk(path)),
  append: async (path) => Promise.reject(noDisk(path)),
  appendBytes: async (path) => Promise.reject(noDisk(path)),
  remove: async (path) => Promise.reject(noDisk(path)),
  claim: async (path) => Promise.reject(noDisk(path)),
  join: (...parts) =>
    parts
      .filter((p) => p !== '')
      .join('/')
      .replaceAll(/([^:])\/{2,}/g, '$1/'),
  resolve: (path) => path,
  cacheFolder: () => undefined,
};
