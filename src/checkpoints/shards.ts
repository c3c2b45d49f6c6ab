import { files } from '#files';
import { fail, type HeadlightError, nearest } from '../core/index.js';
import { readJson } from './config.js';
import { quote } from './quote.js';
import { readSafetensors, type SafetensorsFile } from './safetensors.js';
import type { TensorSource } from './source.js';

/** Above the largest published models, far below what a system lets one process open. */
const mostShards = 1000;

function broken(where: string, rule: string, got: string): HeadlightError {
  return fail('file', { where, rule, got, fix: 'The index is damaged: fetch or save it again' });
}

/**
 * Opens a checkpoint cut into several files: `model.safetensors.index.json` holds
 * `{ weight_map: { <tensor>: <file beside it> } }`. Every shard's header is read and checked; its tensors when asked for.
 *
 * @throws `file` for an index that is damaged or names a file elsewhere; `checkpoint` for a tensor that its shard lacks
 */
export async function readShards(indexPath: string, folder: string): Promise<TensorSource> {
  const places = placesOf(await readJson(indexPath), indexPath);
  const shards = new Map<string, SafetensorsFile>();
  const close = async (): Promise<void> => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    for (const [name, file] of places) {
      const shard = shards.get(file) ?? (await readSafetensors(files.join(folder, file)));
      shards.set(file, shard);
      if (shard.has(name)) continue;
      throw fail('checkpoint', {
        where: indexPath,
        rule: `tensor ${quote(name)} in ${quote(file)}, as the index says`,
        got: 'a file without it',
        fix: 'Fetch index and shards again',
      });
    }
  } catch (error) {
    await close();
    throw error;
  }
  const shardOf = (name: string): SafetensorsFile => {
    const shard = shards.get(places.get(name) ?? '');
    if (shard !== undefined) return shard;
    const near = nearest(name, places.keys()).map(quote);
    throw fail('name', { where: indexPath, rule: 'a tensor of the index', got: quote(name), fix: `Nearest: ${near.join(', ') || 'none'}` });
  };
  return {
    path: indexPath,
    names: [...places.keys()],
    has: (name) => places.has(name),
    info: (name) => shardOf(name).info(name),
    load: async (name) => shardOf(name).load(name),
    place: async (name) => shardOf(name).place(name),
    blocks: (name, memory) => shardOf(name).blocks(name, memory),
    close,
  };
}

function placesOf({ weight_map: map }: Readonly<Record<string, unknown>>, where: string): ReadonlyMap<string, string> {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw broken(where, '"weight_map" is an object of tensor names and files', 'another value or none');
  }
  const places = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    // Beside the index and nowhere else: an index from a stranger must not lead to other files.
    if (typeof file !== 'string' || !/^[\w.-]{1,200}\.safetensors$/.test(file) || file.startsWith('.')) {
      throw broken(where, `tensor ${quote(name)} lies in a .safetensors file beside the index`, quote(file));
    }
    places.set(name, file);
  }
  const count = new Set(places.values()).size;
  if (count > mostShards) throw broken(where, `at most ${mostShards} shards`, String(count));
  return places;
}
