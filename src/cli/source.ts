import { fail } from '../core/index.js';
import { generateStories, readTextCorpus } from '../datasets/index.js';
import type { Tokenizer } from '../tokenizers/index.js';

/** The name of the built-in corpus; a file of this name is written `./stories`. */
export const builtInStories = 'stories';

/** Characters of the built-in corpus: as many as Tiny Shakespeare's, about. */
const storiesCharacters = 1_000_000;

/** The text that DATA names: `stories`, or a file or folder. */
export async function readSource(source: string): Promise<string> {
  if (source === builtInStories) return generateStories({ seed: 1, characters: storiesCharacters });
  return (await readTextCorpus(source)).text;
}

/** @returns [T] int32 */
export function encodeAll(tokenizer: Tokenizer, text: string): Int32Array {
  return tokenizer.encodeToArray?.(text) ?? Int32Array.from(tokenizer.encode(text));
}

/** SHA-256 of token ids, in hexadecimal: says whether two runs learn from the same numbers. */
export async function hashIds(ids: Int32Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', ids.slice());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The rows of `"1,2,3;4,5,6"`. @throws value: anything else, or rows of different lengths */
export function parseIds(text: string): number[][] {
  const rows = text.split(';').map((row) => row.split(',').map((id) => id.trim()));
  const bad = rows.flat().find((id) => !/^\d{1,9}$/.test(id));
  const lengths = new Set(rows.map((row) => row.length));
  if (bad !== undefined || lengths.size > 1) {
    throw fail('value', {
      where: '--ids',
      rule: 'token ids, parted by commas, in rows of one length, parted by semicolons',
      got: bad === undefined ? `rows of ${[...lengths].join(' and ')} ids` : JSON.stringify(bad),
      fix: 'Write them as "1,2,3;4,5,6"',
    });
  }
  return rows.map((row) => row.map(Number));
}
