import { fail, nearest } from '../../core/index.js';
import { documentPieces, type TextPiece } from './pieces.js';
import { excerpt, mostRowLength, tooLongRow } from './rows.js';

/** `.jsonl`: a JSON object on each line, its text under `column`; blank lines are left out. */
export async function* jsonlDocuments(texts: AsyncIterable<string>, path: string, column = 'text'): AsyncGenerator<readonly TextPiece[]> {
  let number = 0;
  for await (const lines of linesOf(texts, path)) {
    const pieces: TextPiece[] = [];
    for (const line of lines) {
      number++;
      if (line.trim() !== '') pieces.push(...documentPieces(textOf(line, `${path}, line ${number}`, column)));
    }
    yield pieces;
  }
}

/** Lines, without their ends, as many at a time as a text holds. */
async function* linesOf(texts: AsyncIterable<string>, path: string): AsyncGenerator<string[]> {
  let rest: string[] = [];
  let restLength = 0;
  let done = 0;
  for await (const text of texts) {
    const lines = text.split('\n');
    const last = lines.pop() as string;
    if (lines.length > 0) {
      lines[0] = rest.join('') + (lines[0] as string);
      done += lines.length;
      yield lines;
      rest = [];
      restLength = 0;
    }
    rest.push(last);
    restLength += last.length;
    if (restLength > mostRowLength) throw tooLongRow(`${path}, line ${done + 1}`);
  }
  yield [rest.join('')];
}

function textOf(line: string, where: string, column: string): string {
  const fix = `Write one JSON object such as {"${column}": "..."} on each line`;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw fail('file', { where, rule: 'one JSON object on each line', got: excerpt(line), fix, cause });
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const text = isObject ? (value as Record<string, unknown>)[column] : undefined;
  if (typeof text === 'string') return text;
  const fields = isObject ? Object.entries(value as object).filter(([, v]) => typeof v === 'string') : [];
  const [near] = nearest(
    column,
    fields.map(([name]) => name),
    1,
  );
  throw fail('file', {
    where,
    rule: `an object with a string field \`${column}\``,
    got: excerpt(line),
    fix: near === undefined || near === column ? fix : `${fix}, or name the field to read with --column, such as ${near}`,
  });
}
