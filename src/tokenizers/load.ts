import { files } from '#files';
import { fail } from '../core/index.js';
import { ByteLevelTokenizer } from './byte-level.js';
import { byteLevelParts } from './byte-level-format.js';
import { charactersOf } from './character-format.js';
import { CharacterTokenizer } from './characters.js';
import { HuggingFaceTokenizer } from './hugging-face.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * The tokenizer of a checkpoint's folder; `undefined` where it has no `tokenizer.json`.
 *
 * @throws `tokenizer` for files that are damaged or of a kind that is not known
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer | undefined> {
  const path = files.join(folder, 'tokenizer.json');
  const configPath = files.join(folder, 'tokenizer_config.json');
  if ((await files.stat(path)).kind === 'missing') return undefined;
  const json = parse(await files.readText(path), path);
  const config = (await files.stat(configPath)).kind === 'missing' ? {} : parse(await files.readText(configPath), configPath);
  return tokenizerFromJson(json, config, path);
}

/**
 * The tokenizer of the contents of `tokenizer.json` and `tokenizer_config.json`.
 *
 * @throws `tokenizer`, in one line, whatever is wrong with them
 */
export function tokenizerFromJson(json: unknown, configJson: unknown = {}, path = 'tokenizer.json'): Tokenizer {
  const characters = charactersOf(json);
  if (characters !== undefined) return new CharacterTokenizer(characters, configJson);
  const parts = byteLevelParts(json, configJson);
  if (parts !== undefined) return new ByteLevelTokenizer(json, configJson, parts);
  try {
    return new HuggingFaceTokenizer(json, configJson);
  } catch (error) {
    throw damaged(path, 'a tokenizer of a known kind', error);
  }
}

function parse(text: string, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(path, 'a file of JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(path, 'a JSON object', 'another value');
  return value;
}

function damaged(path: string, rule: string, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  const got = message.replace(/\s+/g, ' ').slice(0, 120);
  return fail('tokenizer', { where: path, rule, got, fix: 'The file is damaged or of a newer form: fetch or save it again', cause });
}
