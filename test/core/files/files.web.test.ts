import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { files } from '#dist/core/files/files.web.js';

const content = Uint8Array.from({ length: 20 }, (_, i) => i);
let knowsRanges = true;

/** A server with one file, which may or may not know ranges. */
function serve(address: string, init: { method?: string; headers?: Record<string, string> } = {}): Promise<Response> {
  const answer = (): Response => {
    if (address !== '/file') return new Response(null, { status: 404 });
    if (init.method === 'HEAD') return new Response(null, { headers: { 'content-length': String(content.length) } });
    const range = /^bytes=(\d+)-(\d+)$/.exec(init.headers?.Range ?? '');
    if (!knowsRanges || range === null) return new Response(content);
    return new Response(content.slice(Number(range[1]), Number(range[2]) + 1), { status: 206 });
  };
  return Promise.resolve(answer());
}

beforeEach(() => {
  knowsRanges = true;
  vi.stubGlobal('fetch', serve);
});
afterEach(() => vi.unstubAllGlobals());

describe('in a browser', () => {
  test('files are fetched', async () => {
    expect(await files.readBytes('/file')).toEqual(content);
    expect(await files.stat('/file')).toEqual({ kind: 'file', bytes: 20 });
    expect(await files.stat('/no')).toEqual({ kind: 'missing', bytes: 0 });
    await expect(files.readText('/no')).rejects.toThrow('/no: an address that answers; got HTTP status 404.');
    expect(files.join('http://a/b/', '/c', '', 'd')).toBe('http://a/b/c/d');
  });

  test.each([true, false])('parts are read, from a server that knows ranges: %s', async (ranges) => {
    knowsRanges = ranges;
    const range = await files.openRange('/file');
    expect(range.bytes).toBe(20);
    expect(await range.read(5, 3)).toEqual(Uint8Array.of(5, 6, 7));
    expect(await range.read(19, 1)).toEqual(Uint8Array.of(19));
    expect(await range.read(4, 0)).toHaveLength(0);
    await expect(range.read(18, 4)).rejects.toThrow('/file: 4 bytes at 18; got 2.');
  });

  test('a file is read in blocks, whatever parts it comes in', async () => {
    for (const size of [1, 3, 10, 20, 64]) {
      const blocks: Uint8Array[] = [];
      for await (const block of files.readBlocks('/file', size)) blocks.push(block);
      expect(blocks.flatMap((block) => [...block])).toEqual([...content]);
      expect(blocks.slice(0, -1).every((block) => block.length === size)).toBe(true);
      expect(blocks.length).toBe(Math.ceil(20 / size));
    }
    const missing = files.readBlocks('/no', 4)[Symbol.asyncIterator]();
    await expect(missing.next()).rejects.toMatchObject({ code: 'file' });
  });

  test('what is not there cannot be opened', async () => {
    await expect(files.openRange('/no')).rejects.toMatchObject({ code: 'file' });
  });

  test('there is nowhere to write', async () => {
    const refused = { code: 'unsupported' };
    await expect(files.writeAtomic('/file', 'x')).rejects.toMatchObject(refused);
    await expect(files.append('/file', 'x')).rejects.toMatchObject(refused);
    await expect(files.appendBytes('/file', new Uint8Array(1))).rejects.toMatchObject(refused);
    await expect(files.createFile('/file')).rejects.toMatchObject(refused);
    await expect(files.writeFolderAtomic('/a', async () => {})).rejects.toMatchObject(refused);
    await expect(files.removeTemporaries('/a', 0)).rejects.toMatchObject(refused);
    expect(files.cacheFolder()).toBeUndefined();
    await expect(files.list('/')).rejects.toMatchObject(refused);
    await expect(files.remove('/file')).rejects.toMatchObject(refused);
    await expect(files.makeFolder('/a')).rejects.toMatchObject(refused);
  });
});
