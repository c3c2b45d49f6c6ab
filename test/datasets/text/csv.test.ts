import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvParser, type CsvRow } from '#dist/datasets/text/csv-parser.js';

/** All rows of a text that comes in parts of these sizes, over and over. */
function parse(text: string, sizes: readonly number[] = [text.length || 1]): CsvRow[] {
  const parser = new CsvParser('a.csv');
  const rows: CsvRow[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length] as number;
    rows.push(...parser.add(text.slice(at, at + size)));
    at += size;
  }
  rows.push(...parser.end());
  return rows;
}
const fieldsOf = (text: string) => parse(text).map(({ fields }) => fields);

/** RFC 4180's writer: quotes where they must be, and where `quoted` wishes so. */
function write(field: string, quoted: boolean): string {
  return quoted || /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

const character = fc.constantFrom('a', 'é', '\u{1f319}', ' ', ',', '"', '\n', '\r', ';');
const field = fc.string({ unit: character, maxLength: 6 });

test('what is written is read, wherever it is cut, with the line that each row begins on', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(field, fc.boolean()), { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
      (rows, lineEnd, endsWithLine, sizes) => {
        const lines = rows.map((row) => row.map(([f, q]) => write(f, q)).join(','));
        const text = lines.join(lineEnd) + (endsWithLine && rows.length > 0 ? lineEnd : '');
        let line = 1;
        const expected = rows.map((row, i) => {
          const at = { fields: row.map(([f]) => f), line };
          line += ((lines[i] as string).match(/\n/g)?.length ?? 0) + 1;
          return at;
        });
        expect(parse(text, sizes)).toEqual(expected);
      },
    ),
    { numRuns: 1000 },
  );
});

describe('RFC 4180, by hand', () => {
  test.each([
    [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,b\r\n"c ""d""","e\r\nf"\r\n',
      [
        ['a', 'b'],
        ['c "d"', 'e\r\nf'],
      ],
    ],
    ['a\n\n\r\nb\n', [['a'], ['b']]],
    ['""\n,\n', [[''], ['', '']]],
    ['a "quoted" word,5" disk\n', [['a "quoted" word', '5" disk']]],
    ['', []],
  ])('%j', (text, rows) => {
    expect(fieldsOf(text)).toEqual(rows);
  });

  test('a quote that never closes is named where it opens', () => {
    expect(() => parse('a\n"b\nc\n')).toThrow('a.csv, line 2: a closing quote for the one that opens here; got the end of the file.');
  });

  test('text behind a closing quote is refused', () => {
    expect(() => parse('a\n"b" c\n')).toThrow('a.csv, line 2: a comma or the end of the line behind a closing quote; got " c\\n".');
    expect(() => parse('"b"\r"')).toThrow(expect.objectContaining({ code: 'file' }));
  });

  test('a row without an end is given up before it fills the memory', () => {
    const parser = new CsvParser('a.csv');
    parser.add('head\n"');
    const much = 'x'.repeat(2 ** 24);
    expect(() => {
      for (let i = 0; i < 5; i++) parser.add(much);
    }).toThrow('a.csv, line 2: rows of at most 64 Mi characters');
  });
});
