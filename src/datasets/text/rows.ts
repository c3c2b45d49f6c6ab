import { fail, type HeadlightError } from '../../core/index.js';

/** A row longer than this, in UTF-16 units, is a missing end of line or quote: rows are held in memory. */
export const mostRowLength = 2 ** 26;

export function tooLongRow(where: string): HeadlightError {
  return fail('file', {
    where,
    rule: `rows of at most ${mostRowLength / 2 ** 20} Mi characters`,
    got: 'a longer one',
    fix: 'Is an end of line or a closing quote missing? A long text can be given as a .txt',
  });
}

/** A line, cut for a message. */
export function excerpt(line: string): string {
  const trimmed = line.trim();
  return trimmed.length > 60 ? `${trimmed.slice(0, 57)}...` : trimmed;
}
