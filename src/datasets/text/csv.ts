import { fail, nearest } from '../../core/index.js';
import { CsvParser, type CsvRow } from './csv-parser.js';
import { documentPieces, type TextPiece } from './pieces.js';
import { excerpt } from './rows.js';

/** `.csv`: each row under the header is a document, its text in `column`. */
export async function* csvDocuments(texts: AsyncIterable<string>, path: string, column = 'text'): AsyncGenerator<readonly TextPiece[]> {
  const parser = new CsvParser(path);
  let header: Header | undefined;
  const documents = (rows: readonly CsvRow[]): TextPiece[] => {
    const pieces: TextPiece[] = [];
    for (const row of rows) {
      if (header === undefined) header = headerOf(row, path, column);
      else pieces.push(...documentPieces(fieldOf(row, header, path)));
    }
    return pieces;
  };
  for await (const text of texts) yield documents(parser.add(text));
  yield documents(parser.end());
}

interface Header {
  readonly columns: number;
  /** The place of the column to read. */
  readonly at: number;
}

function headerOf({ fields }: CsvRow, path: string, column: string): Header {
  const names = fields.map((name) => name.trim());
  const at = names.indexOf(column);
  if (at >= 0) return { columns: names.length, at };
  throw fail('file', {
    where: path,
    rule: `a header row with a column "${column}"`,
    got: excerpt(names.join(', ')),
    fix: `Name the column to read with --column; the nearest is "${nearest(column, names, 1)[0]}"`,
  });
}

function fieldOf({ fields, line }: CsvRow, { columns, at }: Header, path: string): string {
  if (fields.length === columns) return fields[at] as string;
  throw fail('file', {
    where: `${path}, line ${line}`,
    rule: `${columns} fields, as the header has`,
    got: `${fields.length}: ${excerpt(fields.join(',').replaceAll(/\s+/g, ' '))}`,
    fix: 'Put fields that hold commas, quotes or ends of lines into double quotes',
  });
}
