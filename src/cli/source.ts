import { fail } from '../core/index.js';
import { generateStories, openText, type TextSource, textSource } from '../datasets/index.js';

/** The name of the built-in corpus; a file of this name is written `./stories`. */
export const builtInStories = 'stories';

/** Characters of the built-in corpus: as many as Tiny Shakespeare's, about. */
const storiesCharacters = 1_000_000;

/** The text that a DATA names: `stories`, or a file or folder. @param column the field that holds the text; empty for `text` */
export async function openSource(name: string, column = ''): Promise<TextSource> {
  if (name === builtInStories) return textSource(name, generateStories({ seed: 1, characters: storiesCharacters }));
  return openText(name, column === '' ? {} : { column });
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
