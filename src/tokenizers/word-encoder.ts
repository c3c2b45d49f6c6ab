import { IntList } from './int-list.js';
import { writeUtf8 } from './utf8.js';
import type { WordModel } from './word-model.js';
import { WordTable } from './word-table.js';

/** The cache begins anew when it holds this many words, or this many characters: some tens of megabytes. */
const mostWords = 2 ** 19;
const mostUnits = 2 ** 23;
/** Longer words hardly come again. */
const longestCached = 64;

/** Cuts words into tokens, and remembers those it has seen. */
export class WordEncoder {
  readonly #model: WordModel;
  readonly #words = new WordTable();
  /** The ids of word w are #ids[#ends[w − 1] .. #ends[w]). */
  readonly #ids = new IntList();
  readonly #ends = new IntList();
  #bytes = new Uint8Array(4 * longestCached);

  constructor(model: WordModel) {
    this.#model = model;
  }

  /**
   * Appends the ids of the word `text.slice(start, end)` to `out`.
   *
   * @param escaped whether lone surrogates stand for bytes, as in `escapedText`
   */
  encode(text: string, start: number, end: number, out: IntList, escaped = false): void {
    if (escaped || end - start > longestCached) {
      this.#cut(text, start, end, out, escaped);
      return;
    }
    const known = this.#words.size;
    const word = this.#words.put(text, start, end);
    if (word === known) {
      this.#cut(text, start, end, this.#ids, false);
      this.#ends.push(this.#ids.length);
    }
    const first = word === 0 ? 0 : (this.#ends.data[word - 1] as number);
    out.append(this.#ids.data, first, (this.#ends.data[word] as number) - first);
    if (this.#words.size >= mostWords || this.#words.units >= mostUnits) {
      this.#words.clear();
      this.#ids.length = 0;
      this.#ends.length = 0;
    }
  }

  #cut(text: string, start: number, end: number, out: IntList, escaped: boolean): void {
    const room = 3 * (end - start);
    if (room > this.#bytes.length) this.#bytes = new Uint8Array(room * 2);
    this.#model.encode(this.#bytes, writeUtf8(text, start, end, this.#bytes, escaped), out);
  }
}
