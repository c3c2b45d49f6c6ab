import { Hono } from 'hono';
import { mostRequestBytes } from '../engine/limits.js';
import { refusalOf, StudioError } from '../engine/refusal.js';
import type { FrameSource } from '../host/frame-source.js';
import { decodeFrame, encodeFrame, frameType } from '../protocol/index.js';
import { type GuardOptions, refusal } from './guard.js';
import { securityHeaders } from './headers.js';
import { readBody } from './read-body.js';

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface AppOptions extends GuardOptions {
  readonly source: FrameSource;
  /** The page's files by path, `/` its beginning: what is not listed is not there. */
  readonly page: ReadonlyMap<string, PageFile>;
}

/** The studio's HTTP side: the page's files, and `POST /api/NAME` with a frame, answered by frames. */
export function createApp({ source, page, ...guard }: AppOptions): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    const refused = refusal({ method: c.req.method, path: c.req.path, header: (name) => c.req.header(name) }, guard);
    if (refused !== undefined) c.res = c.text(refused.reason, refused.status);
    else await next();
    for (const [name, value] of Object.entries(securityHeaders)) c.res.headers.set(name, value);
  });
  app.post('/api/:name', async (c) => {
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    c.req.raw.signal.addEventListener('abort', leave);
    const frames = answers(source, c.req.param('name'), c.req.raw, gone.signal);
    c.header('content-type', frameType);
    c.header('cache-control', 'no-store');
    return c.body(streamOf(frames, leave));
  });
  app.get('*', (c) => {
    const file = page.get(c.req.path);
    if (file === undefined) return c.text('There is no such file.', 404);
    const isNamedByContent = c.req.path.startsWith('/assets/');
    c.header('content-type', file.type);
    c.header('cache-control', isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-store');
    return c.body(file.bytes as Uint8Array<ArrayBuffer>);
  });
  app.onError((error, c) => c.text(refusalOf(error).message, 500));
  return app;
}

/** The frames of an answer; what goes wrong is the last of them. */
async function* answers(source: FrameSource, name: string, request: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    const body = await readBody(request, mostRequestBytes);
    yield* source.frames(name, inputOf(body), signal);
  } catch (error) {
    yield encodeFrame({ error: refusalOf(error) });
  }
}

function inputOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  let input: unknown;
  try {
    input = decodeFrame(body);
  } catch {
    input = undefined;
  }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as Readonly<Record<string, unknown>>;
  throw new StudioError('request', 'The body is not a frame that holds an object.');
}

/** A stream that asks for the next frame when it is read, and ends the work when nobody reads any more. */
function streamOf(frames: AsyncGenerator<Uint8Array>, leave: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await frames.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: leave,
  });
}
