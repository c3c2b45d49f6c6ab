import { fail } from '../../core/index.js';
import { ignored, type TokenBatch, type TokenSequence } from '../data.js';
import { documentAt } from '../tokens/sequence.js';
import { whenRead } from './rows.js';

/**
 * One document in a row, or a part of one: a document of L tokens has L − 1 to predict, and takes ⌈(L − 1) / T⌉ rows.
 * Behind its last token a row is filled with id 0, whose targets are `ignored`.
 */
export class PaddedRows {
  /** All rows there are. */
  readonly count: number;
  readonly #tokens: TokenSequence;
  readonly #length: number;
  readonly #begins: ArrayLike<number>;
  /** How many rows the documents before each take. */
  readonly #rowsBefore: Float64Array;

  /** @throws value: no document holds two tokens */
  constructor(tokens: TokenSequence, length: number) {
    this.#tokens = tokens;
    this.#length = length;
    this.#begins = tokens.documents ?? [0];
    this.#rowsBefore = new Float64Array(this.#begins.length);
    let rows = 0;
    for (let d = 0; d < this.#begins.length; d++) {
      this.#rowsBefore[d] = rows;
      rows += Math.max(0, Math.ceil((this.#end(d) - (this.#begins[d] as number) - 1) / length));
    }
    this.count = rows;
    if (rows > 0) return;
    throw fail('value', {
      where: tokens.where ?? 'padded rows',
      rule: 'a document of at least 2 tokens: one to read, one to predict',
      got: `${tokens.length} tokens in ${this.#begins.length} documents`,
      fix: 'Use more text',
    });
  }

  #end(document: number): number {
    return this.#begins[document + 1] ?? this.#tokens.length;
  }

  /** Rows by number: in the order of the text. */
  read(numbers: readonly number[]): TokenBatch | Promise<TokenBatch> {
    const reads = numbers.map((number) => {
      const document = documentAt(this.#rowsBefore, number);
      const part = number - (this.#rowsBefore[document] as number);
      const start = (this.#begins[document] as number) + part * this.#length;
      return this.#tokens.read(start, Math.min(start + this.#length + 1, this.#end(document)));
    });
    return whenRead(reads, (rows) => {
      const inputs = new Int32Array(rows.length * this.#length);
      const targets = new Int32Array(rows.length * this.#length).fill(ignored);
      rows.forEach((row, b) => {
        inputs.set(row.subarray(0, -1), b * this.#length);
        targets.set(row.subarray(1), b * this.#length);
      });
      return { inputs, targets };
    });
  }
}
