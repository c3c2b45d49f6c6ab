import { files } from '#files';
import { fail } from '../core/index.js';
import { type Config, readConfig, readJson } from './config.js';

export const generationFile = 'generation_config.json';

/**
 * The tokens that end a text, as Hugging Face's checkpoints name them: `eos_token_id` of `generation_config.json`, else of
 * the configuration, a number or a list. Chat models list the end of a turn there too.
 *
 * @param path the checkpoint: a folder, or a file, which has its configuration only
 * @param config where it has been read; else `config.json` of the folder
 * @returns none where none are named
 * @throws `file` for a damaged file; `checkpoint` for what are no ids
 */
export async function endTokenIds(path: string, config?: Config): Promise<number[]> {
  const beside = files.join(path, generationFile);
  const isFolder = (await files.stat(beside)).kind === 'file';
  const named = isFolder ? idsIn({ path: beside, values: await readJson(beside) }) : undefined;
  return named ?? idsIn(config ?? (await readConfig(path))) ?? [];
}

function idsIn({ path, values }: Config): number[] | undefined {
  const given = values.eos_token_id ?? undefined;
  if (given === undefined) return undefined;
  const ids: unknown[] = Array.isArray(given) ? given : [given];
  if (ids.length <= 64 && ids.every((id) => Number.isInteger(id) && (id as number) >= 0)) return ids as number[];
  const got = JSON.stringify(given).slice(0, 80);
  throw fail('checkpoint', { where: path, rule: '"eos_token_id" is a token id or a list of at most 64', got, fix: 'Correct the file' });
}
