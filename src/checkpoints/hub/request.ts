import { fail, type HeadlightError } from '../../core/index.js';
import { quote } from '../quote.js';
import type { HubSettings } from './settings.js';

/** A server that did not answer at all: the cache may still help. */
export class Unreachable extends Error {
  constructor(readonly shown: HeadlightError) {
    super(shown.message, { cause: shown });
  }
}

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly redirect?: 'follow' | 'manual';
  readonly signal?: AbortSignal | undefined;
}

/** Asks the hub. The token goes to the endpoint alone: fetch drops it where a redirection leads to another host. */
export async function request(url: string, { token }: HubSettings, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', headers = {}, redirect = 'follow', signal } = options;
  const own = { 'Accept-Encoding': 'identity', ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
  try {
    return await fetch(url, { method, headers: { ...own, ...headers }, redirect, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    const cause = (error as { cause?: { code?: unknown; message?: unknown } }).cause;
    const got = String(cause?.code ?? cause?.message ?? (error as Error).message);
    const fix = 'Check the connection and HF_ENDPOINT, or name a folder on the disk';
    throw new Unreachable(fail('file', { where: new URL(url).origin, rule: 'a hub that answers', got, fix, cause: error }));
  }
}

/** What a status other than success means. */
export function refused(response: Response, what: string, where: string): HeadlightError {
  const { status } = response;
  const known: Readonly<Record<number, string>> = {
    401: 'Check the spelling; a private or gated model needs HF_TOKEN',
    403: 'Ask for access on its page, and set HF_TOKEN',
    404: 'Check the spelling; a model on this disk needs the path of its folder',
    429: 'Wait a little, or set HF_TOKEN',
  };
  const fix = known[status] ?? 'Try again later';
  return fail('file', { where, rule: `${what} that the hub has`, got: `HTTP status ${status}`, fix });
}

/** Far beyond any list of files. */
const mostJsonBytes = 2 ** 25;

/** A JSON answer of bounded size. */
export async function jsonOf(response: Response, where: string): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > mostJsonBytes) throw fail('file', { where, rule: `an answer of at most ${mostJsonBytes} bytes`, got: 'a longer one' });
    parts.push(part);
  }
  const text = await new Blob(parts as BlobPart[]).text();
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fail('file', { where, rule: 'an answer of JSON', got: quote(text.slice(0, 40)), fix: 'Check HF_ENDPOINT', cause: error });
  }
}
