import { fail } from '../../core/index.js';
import { mostRowLength, tooLongRow } from './rows.js';

export interface CsvRow {
  readonly fields: readonly string[];
  /** The line of the file on which the row begins, from 1. */
  readonly line: number;
}

const comma = 0x2c;
const quote = 0x22;
const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Where the parser stands: before a field's first character; in a field without quotes, where quotes are characters like
 * any; in a quoted one; behind a quote that ends a field or is the first of two; behind a carriage return after that.
 */
type State = 'start' | 'bare' | 'quoted' | 'closed' | 'ended';

/**
 * Comma-separated values as RFC 4180 has them: fields in double quotes may hold commas, ends of lines and doubled quotes;
 * lines end in CRLF or LF. Blank lines are left out. The text may come in parts cut anywhere, within a doubled quote too.
 */
export class CsvParser {
  readonly #path: string;
  #state: State = 'start';
  #fields: string[] = [];
  /** Parts of the field under way. */
  #field: string[] = [];
  #line = 1;
  #rowLine = 1;
  #quoteLine = 1;
  /** Of the row under way, in earlier parts of the text. */
  #rowLength = 0;

  /** @param path for messages */
  constructor(path: string) {
    this.#path = path;
  }

  /** @returns the rows that end in this part of the text */
  add(text: string): CsvRow[] {
    const rows: CsvRow[] = [];
    let rowStart = 0;
    let start = 0; // of what is not yet in #field
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (this.#state === 'quoted') {
        if (unit === newline) this.#line++;
        if (unit !== quote) continue;
        this.#field.push(text.slice(start, at));
        this.#state = 'closed';
      } else if (unit === comma || unit === newline) {
        if (this.#state === 'bare') this.#field.push(text.slice(start, at));
        this.#endField();
        if (unit === newline) {
          this.#line++;
          this.#endRow(rows);
          rowStart = at + 1;
        }
        this.#state = 'start';
      } else if (this.#state === 'start') {
        this.#state = unit === quote ? 'quoted' : 'bare';
        this.#quoteLine = this.#line;
        start = unit === quote ? at + 1 : at;
      } else if (this.#state === 'closed' && unit === quote) {
        this.#state = 'quoted';
        start = at; // of two quotes, the second one is the character
      } else if (this.#state === 'closed' && unit === carriageReturn) {
        this.#state = 'ended';
      } else if (this.#state !== 'bare') {
        throw this.#stray(text.slice(at, at + 20));
      }
    }
    if (this.#state === 'bare' || this.#state === 'quoted') this.#field.push(text.slice(start));
    this.#rowLength = text.length - rowStart + (rows.length === 0 ? this.#rowLength : 0);
    if (this.#rowLength > mostRowLength) throw tooLongRow(`${this.#path}, line ${this.#rowLine}`);
    return rows;
  }

  /** @returns the last row, where the file does not end with the end of a line */
  end(): CsvRow[] {
    if (this.#state === 'quoted') {
      throw fail('file', {
        where: `${this.#path}, line ${this.#quoteLine}`,
        rule: 'a closing quote for the one that opens here',
        got: 'the end of the file',
        fix: 'Write a quote within a quoted field twice',
      });
    }
    const rows: CsvRow[] = [];
    this.#endField();
    this.#endRow(rows);
    this.#state = 'start';
    return rows;
  }

  #endField(): void {
    this.#fields.push(this.#field.join(''));
    this.#field = [];
  }

  #endRow(rows: CsvRow[]): void {
    const isBare = this.#state === 'bare';
    const last = this.#fields.length - 1;
    // The carriage return of a CRLF has come as a part of a field that has no quotes.
    if (isBare) this.#fields[last] = (this.#fields[last] as string).replace(/\r$/, '');
    const isBlank = last === 0 && this.#fields[0] === '' && (isBare || this.#state === 'start');
    if (!isBlank) rows.push({ fields: this.#fields, line: this.#rowLine });
    this.#fields = [];
    this.#rowLine = this.#line;
  }

  #stray(got: string): Error {
    return fail('file', {
      where: `${this.#path}, line ${this.#line}`,
      rule: 'a comma or the end of the line behind a closing quote',
      got: JSON.stringify(got),
      fix: 'Write a quote within a quoted field twice',
    });
  }
}
