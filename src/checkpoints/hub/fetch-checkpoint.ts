import { files } from '#files';
import { system } from '#hub-system';
import { fail, globMatcher } from '../../core/index.js';
import { quote } from '../quote.js';
import { type DownloadOptions, download } from './download.js';
import { checkHubName, isCommit, isHubId, isSafeFile, repositoryFolder } from './names.js';
import { jsonOf, refused, request, Unreachable } from './request.js';
import { type HubSettings, hubSettings } from './settings.js';

export interface FetchOptions extends DownloadOptions {
  /** A branch, tag or commit. Default `main`. */
  readonly revision?: string;
  /** Globs of the files to fetch, in place of what `loadModel` and `loadTokenizer` need: `['*Q8_0.gguf']`. */
  readonly files?: readonly string[];
}

/** A model in the cache. */
export interface FetchedCheckpoint {
  /** `<cache>/models--owner--name/snapshots/<commit>`, as Hugging Face's own tools keep it. */
  readonly folder: string;
  readonly commit: string;
  /** Whether the hub was not asked, being switched off or out of reach. */
  readonly fromCache: boolean;
}

/**
 * Fetches a model from the hub to the cache that Hugging Face's tools share, where it is not there yet.
 *
 * @param id `owner/name`
 * @throws `value` for what cannot be an id; `file` for a model or file that is not there, a download that was cut off or
 * damaged, and, offline, for what was never fetched; `unsupported` for a model without safetensors, and in a browser
 */
export async function fetchCheckpoint(id: string, options: FetchOptions = {}): Promise<FetchedCheckpoint> {
  const { revision = 'main' } = options;
  checkHubName(id, revision);
  const hub = await hubSettings();
  const folder = files.join(hub.cache, repositoryFolder(id));
  if (hub.offline) return cached(folder, id, revision, 'HF_HUB_OFFLINE is set', 'Unset HF_HUB_OFFLINE to fetch it');
  try {
    return await fetchFrom(hub, folder, id, revision, options);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const { shown } = error;
    return await cached(folder, id, revision, '', '').catch(() => Promise.reject(shown));
  }
}

/**
 * What a command was given: a file or folder that is there, or else a model of the hub, which is fetched: `owner/name`, or
 * one of its GGUF files, `owner/name/file.gguf`.
 * @throws file: neither; and as `fetchCheckpoint`
 */
export async function resolveCheckpoint(pathOrId: string, options: FetchOptions = {}): Promise<string> {
  if ((await files.stat(pathOrId)).kind !== 'missing') return pathOrId;
  const isFile = /\.(?:gguf|bin)$/i.test(pathOrId);
  if (!isFile && isHubId(pathOrId) && pathOrId.includes('/')) return (await fetchCheckpoint(pathOrId, options)).folder;
  const [, id = '', name] = /^([^/]+\/[^/]+)\/(.+\.gguf)$/i.exec(pathOrId) ?? [];
  if (isHubId(id) && isSafeFile(name)) return files.join((await fetchCheckpoint(id, { ...options, files: [name] })).folder, name);
  throw fail('file', {
    where: pathOrId,
    rule: "a checkpoint folder, a .gguf or .bin file, or a model's id on the hub (owner/name, or owner/name/file.gguf)",
    got: 'no such file or folder',
  });
}

async function cached(folder: string, id: string, revision: string, why: string, fix: string): Promise<FetchedCheckpoint> {
  const ref = files.join(folder, 'refs', revision);
  const known = (await files.stat(ref)).kind === 'file' ? (await files.readText(ref)).trim() : revision;
  const snapshot = files.join(folder, 'snapshots', known);
  if (isCommit(known) && (await files.stat(snapshot)).kind === 'folder') return { folder: snapshot, commit: known, fromCache: true };
  throw fail('file', { where: id, rule: 'a model that was fetched before', got: `none in ${folder}, and ${why}`, fix });
}

async function fetchFrom(
  hub: HubSettings,
  folder: string,
  id: string,
  revision: string,
  options: FetchOptions,
): Promise<FetchedCheckpoint> {
  const { commit, names } = await listing(hub, id, revision, options);
  const snapshot = files.join(folder, 'snapshots', commit);
  for (const name of wanted(names, options.files, id)) {
    if ((await files.stat(files.join(snapshot, name))).kind === 'file') continue;
    const url = `${hub.endpoint}/${id}/resolve/${commit}/${encodeURI(name)}`;
    const blob = await download(url, name, files.join(folder, 'blobs'), hub, options);
    const up = '../'.repeat(1 + name.split('/').length);
    await system.link(`${up}blobs/${blob}`, files.join(snapshot, name));
  }
  // Last, so that what a name leads to is whole.
  if (revision !== commit) await files.writeAtomic(files.join(folder, 'refs', revision), commit);
  return { folder: snapshot, commit, fromCache: false };
}

async function listing(
  hub: HubSettings,
  id: string,
  revision: string,
  { signal }: FetchOptions,
): Promise<{ readonly commit: string; readonly names: readonly string[] }> {
  const url = `${hub.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}`;
  const response = await request(url, hub, { signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw refused(response, `a model ${quote(id)}${revision === 'main' ? '' : ` with the revision ${quote(revision)}`}`, hub.endpoint);
  }
  const { sha, siblings } = ((await jsonOf(response, url)) ?? {}) as { sha?: unknown; siblings?: unknown };
  const names = Array.isArray(siblings) ? siblings.map((s: { rfilename?: unknown } | null) => s?.rfilename) : [];
  if (!isCommit(sha) || !Array.isArray(siblings)) {
    throw fail('file', { where: url, rule: "a commit and a list of files, the hub's answer", got: 'another', fix: 'Check HF_ENDPOINT' });
  }
  return { commit: sha, names: names.filter(isSafeFile) };
}

const described =
  /^(?:(?:config|generation_config|preprocessor_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|modules|chat_template)\.json|(?:merges|vocab)\.txt|chat_template\.jinja|\d_Pooling\/config\.json)$/;
const shard = /^model-\d+-of-\d+\.safetensors$/;
const index = 'model.safetensors.index.json';

function wanted(names: readonly string[], globs: readonly string[] | undefined, id: string): readonly string[] {
  if (globs !== undefined) {
    const chosen = names.filter(globMatcher(globs.join(',')));
    if (chosen.length > 0) return chosen;
    throw fail('file', { where: id, rule: `a file that fits ${globs.join(', ')}`, got: shownNames(names) });
  }
  const whole = names.includes('model.safetensors');
  if (!whole && !names.includes(index)) {
    const gguf = names.find((name) => /\.gguf$/i.test(name));
    const fix = gguf === undefined ? 'Choose another model, or name the files to fetch' : `Name one of its files: ${id}/${gguf}`;
    throw fail('unsupported', { where: id, rule: 'a model with weights as safetensors', got: shownNames(names), fix });
  }
  const isWeights = (name: string): boolean => (whole ? name === 'model.safetensors' : name === index || shard.test(name));
  return names.filter((name) => described.test(name) || isWeights(name));
}

function shownNames(names: readonly string[]): string {
  if (names.length === 0) return 'no files';
  return `${names.slice(0, 6).join(', ')}${names.length > 6 ? ', …' : ''}`;
}
