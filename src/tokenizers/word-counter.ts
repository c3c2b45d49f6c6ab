import { AddedTokenSplitter } from './added-tokens.js';
import { type Texts, textsOf, type VocabularyOptions } from './training.js';
import { WordTable } from './word-table.js';

/** Where the word of a text that begins at `at` ends, at most at `to`. */
export type WordEnd = (text: string, at: number, to: number) => number;

/** Counts the words of texts. Its memory holds each different word once, however much text there is. */
export class WordCounter {
  readonly #words = new WordTable();
  readonly #splitter: AddedTokenSplitter<{ readonly content: string }>;
  readonly #wordEnd: WordEnd;
  #counts = new Float64Array(4096);

  /** @param specialTokens left out: what is found in text as a whole must not teach its parts */
  constructor(wordEnd: WordEnd, specialTokens: readonly string[]) {
    this.#wordEnd = wordEnd;
    this.#splitter = new AddedTokenSplitter(specialTokens.map((content) => ({ content })));
  }

  /** Different words so far. */
  get size(): number {
    return this.#words.size;
  }

  add(text: string): void {
    const stretch = (start: number, end: number): void => {
      for (let at = start; at < end; ) {
        const to = this.#wordEnd(text, at, end);
        const word = this.#words.put(text, at, to);
        if (word >= this.#counts.length) this.#grow();
        this.#counts[word] = (this.#counts[word] as number) + 1;
        at = to;
      }
    };
    this.#splitter.walk(text, stretch, () => {});
  }

  word(index: number): string {
    return this.#words.text(index);
  }

  count(index: number): number {
    return this.#counts[index] as number;
  }

  #grow(): void {
    const larger = new Float64Array(this.#counts.length * 2);
    larger.set(this.#counts);
    this.#counts = larger;
  }
}

/** Counts the words of a stream, saying how far it is. */
export async function countWords(
  texts: Texts,
  wordEnd: WordEnd,
  specialTokens: readonly string[],
  onProgress: VocabularyOptions['onProgress'],
): Promise<WordCounter> {
  const counter = new WordCounter(wordEnd, specialTokens);
  let done = 0;
  for await (const text of textsOf(texts)) {
    counter.add(text);
    done += text.length;
    onProgress?.({ stage: 'reading', done });
  }
  return counter;
}
