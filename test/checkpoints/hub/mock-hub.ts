import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const commit = 'c0ffee'.padEnd(40, '0');

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** A hub on loopback: `owner/name` with some files; small ones under Git's hash, `.safetensors` under SHA-256 behind a redirection. */
export class MockHub {
  readonly seen: Seen[] = [];
  /** Ends the next answers with content after so many bytes. */
  cuts: number[] = [];
  /** Answers instead of what is asked for. */
  override: ((path: string, response: ServerResponse) => boolean) | undefined;
  honoursRanges = true;
  readonly #files: Readonly<Record<string, Uint8Array>>;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  constructor(files: Readonly<Record<string, Uint8Array>>) {
    this.#files = files;
  }

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURI(request.url ?? '');
    const { range, authorization } = request.headers;
    this.seen.push({ method: request.method ?? '', path, range, authorization });
    if (this.override?.(path, response)) return;
    if (path === '/api/models/owner/name/revision/main') {
      const siblings = Object.keys(this.#files).map((rfilename) => ({ rfilename }));
      response.end(JSON.stringify({ sha: commit, siblings }));
      return;
    }
    const file = new RegExp(`^/(?:owner/name/resolve/${commit}|elsewhere)/(.+)$`).exec(path)?.[1] ?? '';
    const content = this.#files[file];
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (request.method === 'HEAD') this.#describe(file, content, response);
    else if (file.endsWith('.safetensors') && !path.startsWith('/elsewhere/'))
      response.writeHead(302, { Location: `/elsewhere/${file}` }).end();
    else this.#send(content, this.honoursRanges ? range : undefined, response);
  }

  #describe(file: string, content: Uint8Array, response: ServerResponse): void {
    if (file.endsWith('.safetensors')) {
      const etag = createHash('sha256').update(content).digest('hex');
      const headers = { ETag: '"of-the-redirection"', 'X-Linked-Etag': `"${etag}"`, 'X-Linked-Size': content.length };
      response.writeHead(302, { ...headers, Location: `/elsewhere/${file}` }).end();
      return;
    }
    const etag = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    response.writeHead(200, { ETag: `W/"${etag}"`, 'Content-Length': content.length }).end();
  }

  #send(content: Uint8Array, range: string | undefined, response: ServerResponse): void {
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const part = content.subarray(from);
    const headers = { 'Content-Length': part.length, 'Content-Range': `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(range === undefined ? 200 : 206, headers);
    const cut = this.cuts.shift();
    if (cut === undefined) response.end(part);
    else response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  }
}
