import { files } from '#files';
import { system } from '#hub-system';
import { fail } from '../../core/index.js';

/** Where the hub is, where its cache is, and who asks. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly cache: string;
  readonly token: string | undefined;
  readonly offline: boolean;
}

/**
 * From the environment, as Hugging Face's own tools read it: HF_ENDPOINT, HF_HUB_CACHE or HF_HOME/hub (else
 * ~/.cache/huggingface/hub), HF_TOKEN or the file HF_HOME/token, HF_HUB_OFFLINE.
 *
 * @throws `value` for an endpoint that is no address; `unsupported` in a browser
 */
export async function hubSettings(): Promise<HubSettings> {
  const users = system.userCache();
  if (users === undefined) {
    throw fail('unsupported', {
      where: 'the hub',
      rule: 'a disk for the cache',
      got: 'a browser',
      fix: "Load from the files' address instead: https://huggingface.co/OWNER/NAME/resolve/main",
    });
  }
  const home = expand(system.env('HF_HOME') ?? files.join(users, 'huggingface'));
  return {
    endpoint: endpointOf(system.env('HF_ENDPOINT') ?? 'https://huggingface.co'),
    cache: expand(system.env('HF_HUB_CACHE') ?? files.join(home, 'hub')),
    token: system.env('HF_TOKEN') ?? (await savedToken(files.join(home, 'token'))),
    offline: /^(?:1|on|yes|true)$/i.test(system.env('HF_HUB_OFFLINE') ?? ''),
  };
}

function expand(path: string): string {
  return path === '~' || path.startsWith('~/') ? files.join(system.home(), path.slice(1)) : path;
}

function endpointOf(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text.replace(/\/+$/, '');
  throw fail('value', { where: 'HF_ENDPOINT', rule: 'an address that begins with http:// or https://', got: JSON.stringify(text) });
}

async function savedToken(path: string): Promise<string | undefined> {
  if ((await files.stat(path)).kind !== 'file') return undefined;
  return (await files.readText(path)).trim() || undefined;
}
