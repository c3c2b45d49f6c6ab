import { files } from '#files';
import { system } from '#hub-system';
import { fail } from '../../core/index.js';
import { quote } from '../quote.js';
import { refused, request } from './request.js';
import type { HubSettings } from './settings.js';

/** How far the download of one file is; bytes. */
export interface HubProgress {
  readonly file: string;
  readonly received: number;
  readonly total: number | undefined;
}

export interface DownloadOptions {
  readonly onProgress?: ((progress: HubProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Blob {
  /** The name under which the cache keeps it: SHA-256 for large files, Git's SHA-1 for small ones. */
  readonly etag: string;
  readonly bytes: number | undefined;
}

/** A connection that breaks is tried again as often, where each time some bytes arrived. */
const attempts = 3;
const writeBytes = 4 * 2 ** 20;

/**
 * Brings one file to `blobs` and gives its name there. What an earlier, broken download left is continued; what has arrived is
 * checked by its hash before it takes its name.
 *
 * @throws `file` for a file that is not there, ends early or has another hash
 */
export async function download(url: string, file: string, blobs: string, hub: HubSettings, options: DownloadOptions = {}): Promise<string> {
  const blob = await describe(url, file, hub, options);
  const target = files.join(blobs, blob.etag);
  const there = await files.stat(target);
  if (there.kind === 'file' && (blob.bytes === undefined || there.bytes === blob.bytes)) return blob.etag;
  const partial = `${target}.incomplete`;
  await files.makeFolder(blobs);
  for (let attempt = 1; ; attempt++) {
    const before = (await files.stat(partial)).bytes;
    const received = await receive(url, file, partial, blob, hub, options);
    if (blob.bytes === undefined || received === blob.bytes) break;
    if (attempt < attempts && received > before) continue;
    throw fail('file', {
      where: url,
      rule: `all ${blob.bytes} bytes of ${quote(file)}`,
      got: `${received}, the download was cut off`,
      fix: 'Run it again: it goes on where it stopped',
    });
  }
  await verify(partial, url, file, blob);
  await system.move(partial, target);
  return blob.etag;
}

/** Size and hash, which stand in the first answer; large files lie elsewhere, behind a redirection that must not be followed for them. */
async function describe(url: string, file: string, hub: HubSettings, { signal }: DownloadOptions): Promise<Blob> {
  let address = url;
  for (let hop = 0; hop < 5; hop++) {
    const { status, ok, headers } = await request(address, hub, { method: 'HEAD', redirect: 'manual', signal }).then(async (response) => {
      await response.body?.cancel();
      if (response.status >= 400) throw refused(response, `a file ${quote(file)}`, url);
      return response;
    });
    const etag = (headers.get('x-linked-etag') ?? headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
    const location = headers.get('location');
    if (!ok && status >= 300 && headers.get('x-linked-etag') === null && location !== null) {
      // A renamed model: another path of the same hub.
      const next = new URL(location, address);
      if (next.origin !== new URL(address).origin) break;
      address = next.href;
      continue;
    }
    if (!/^[\w-]{1,128}$/.test(etag)) break;
    const size = Number(headers.get('x-linked-size') ?? headers.get('content-length') ?? Number.NaN);
    return { etag, bytes: Number.isSafeInteger(size) && size >= 0 ? size : undefined };
  }
  throw fail('file', { where: url, rule: 'an answer with the hash of the file (ETag)', got: 'none', fix: 'Check HF_ENDPOINT' });
}

/** Adds to `partial` what it lacks; gives its length afterwards. A broken connection is no error here. */
async function receive(
  url: string,
  file: string,
  partial: string,
  { bytes: total }: Blob,
  hub: HubSettings,
  { onProgress, signal }: DownloadOptions,
): Promise<number> {
  let have = (await files.stat(partial)).bytes;
  if (total !== undefined && have > total) {
    await files.remove(partial);
    have = 0;
  }
  if (have === total && have > 0) return have;
  const response = await request(url, hub, { signal, ...(have > 0 ? { headers: { Range: `bytes=${have}-` } } : {}) });
  const resumes = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`) === true;
  if (response.status === 416 || (response.ok && !resumes)) {
    // The server does not go on from here: from the beginning.
    await files.remove(partial);
    have = 0;
  }
  if (!response.ok) {
    await response.body?.cancel();
    if (response.status === 416) return 0;
    throw refused(response, `a file ${quote(file)}`, url);
  }
  let waiting: Uint8Array[] = [];
  let held = 0;
  const flush = async (): Promise<void> => {
    for (const part of waiting) await files.appendBytes(partial, part);
    have += held;
    waiting = [];
    held = 0;
    onProgress?.({ file, received: have, total });
  };
  const arriving = bodyOf(response, total !== undefined, signal);
  for await (const part of arriving) {
    if (total !== undefined && have + held + part.length > total) {
      await files.remove(partial);
      throw fail('file', { where: url, rule: `${total} bytes of ${quote(file)}`, got: 'more', fix: 'Try again later' });
    }
    waiting.push(part);
    held += part.length;
    if (held >= writeBytes) await flush();
  }
  await flush();
  if (have === 0) await files.appendBytes(partial, new Uint8Array(0));
  return have;
}

/** The body's parts, until it ends, or breaks where the caller can tell by the length. */
async function* bodyOf(response: Response, mayBreak: boolean, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let finished = false;
  try {
    for (;;) {
      const part = await reader.read().catch((error: unknown) => {
        if (signal?.aborted || !mayBreak) throw cutOff(response, error);
        return { done: true as const, value: undefined };
      });
      if (part.done) break;
      yield part.value;
    }
    finished = true;
  } finally {
    if (!finished) await reader.cancel().catch(() => {});
  }
}

function cutOff(response: Response, cause: unknown): unknown {
  if ((cause as Error).name === 'AbortError') return cause;
  return fail('file', { where: response.url, rule: 'a whole file', got: 'a download that was cut off', fix: 'Run it again', cause });
}

async function verify(path: string, url: string, file: string, { etag }: Blob): Promise<void> {
  const isLarge = /^[0-9a-f]{64}$/.test(etag);
  if (!isLarge && !/^[0-9a-f]{40}$/.test(etag)) return; // another server's ETag says nothing about the bytes
  const hash = system.hash(isLarge ? 'sha256' : 'sha1');
  // Git hashes a header before the content.
  if (!isLarge) hash.update(new TextEncoder().encode(`blob ${(await files.stat(path)).bytes}\0`));
  for await (const block of files.readBlocks(path, writeBytes)) hash.update(block);
  const got = hash.hex();
  if (got === etag) return;
  await files.remove(path);
  throw fail('file', {
    where: url,
    rule: `${quote(file)} of hash ${etag}`,
    got,
    fix: 'What arrived was damaged and is removed: run it again',
  });
}
