import { fail } from '../../core/index.js';
import { frameType, tokenHeader } from '../protocol/index.js';

/** What the guard looks at of a request. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
}

export interface GuardOptions {
  readonly token: string;
  /** The port that the server listens on, once it does. */
  readonly port: () => number;
}

/** Why a request is refused, and with which status. */
export interface Refused {
  readonly status: 400 | 401 | 403 | 405 | 415;
  readonly reason: string;
}

/**
 * Who may ask. A page of another origin that a browser has open could send requests to this machine too: under its own name
 * (a foreign `Origin`), or under a name of its own that it has turned to 127.0.0.1 (DNS rebinding, a foreign `Host`).
 * @returns undefined for a request that is allowed
 */
export function refusal({ method, path, header }: Asked, { token, port }: GuardOptions): Refused | undefined {
  const own = [`127.0.0.1:${port()}`, `localhost:${port()}`];
  const host = header('host');
  if (host === undefined || !own.includes(host)) return { status: 403, reason: 'This server answers under 127.0.0.1 and localhost only.' };
  const origin = header('origin');
  if (origin !== undefined && !own.some((name) => origin === `http://${name}`))
    return { status: 403, reason: 'This server answers its own page only.' };
  const site = header('sec-fetch-site');
  const isOpening = method === 'GET' && header('sec-fetch-mode') === 'navigate';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isOpening)
    return { status: 403, reason: 'This server answers its own page only.' };
  if (!path.startsWith('/api/')) return method === 'GET' || method === 'HEAD' ? undefined : { status: 405, reason: 'GET only.' };
  if (method !== 'POST') return { status: 405, reason: 'POST only.' };
  if (header('content-type') !== frameType) return { status: 415, reason: `The body is ${frameType}.` };
  if (!equal(header(tokenHeader) ?? '', token))
    return { status: 401, reason: 'The token is wrong. Open the address that the command printed.' };
  return undefined;
}

/** Whether two texts are equal, in a time that does not tell where they differ. */
function equal(given: string, token: string): boolean {
  let difference = given.length ^ token.length;
  for (let i = 0; i < token.length; i++) difference |= token.charCodeAt(i) ^ (given.charCodeAt(i % Math.max(1, given.length)) || 0);
  return difference === 0;
}

/** A token of the page's address: 192 random bits. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @throws value: a token that no header can carry */
export function checkToken(token: string): void {
  if (/^[\w-]{16,128}$/.test(token)) return;
  throw fail('value', { where: 'studio', rule: 'a token of 16 to 128 letters, digits, - and _', got: `${token.length} characters` });
}
