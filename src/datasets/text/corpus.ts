import { fail } from '../../core/index.js';
import { pieces } from './joined.js';
import { type OpenTextOptions, openText } from './source.js';

/** A text to learn from, and the files it was read from. */
export interface TextCorpus {
  readonly text: string;
  readonly sources: string[];
}

/** JavaScript engines hold strings of about 2²⁹ characters. */
const mostBytes = 2 ** 29 - 2 ** 16;

/**
 * Reads all of a text into memory, documents joined by a blank line; what it reads is what `openText` opens.
 *
 * @throws `file` as `openText` does, and for more than 512 MiB
 * @example const { text, sources } = await readTextCorpus('plays.txt');
 */
export async function readTextCorpus(path: string, options: OpenTextOptions = {}): Promise<TextCorpus> {
  const source = await openText(path, options);
  if (source.bytes > mostBytes) {
    const mebibytes = (n: number) => `${Math.round(n / 2 ** 20)} MiB`;
    throw fail('file', {
      where: path,
      rule: `at most ${mebibytes(mostBytes)} of text in memory`,
      got: mebibytes(source.bytes),
      fix: 'Read it as a stream with openText, or give a part of it',
    });
  }
  const parts: string[] = [];
  for await (const piece of pieces(source)) parts.push(piece);
  return { text: parts.join(''), sources: [...source.sources] };
}
