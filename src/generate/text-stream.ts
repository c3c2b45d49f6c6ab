import type { Tokenizer } from '../tokenizers/index.js';

/** What a tokenizer is needed for here. */
export type Decodes = Pick<Tokenizer, 'decode'>;

/**
 * The text of a continuation as it grows. Only what is sure is given out: a token may hold the first half of a character,
 * and the end of the text may be the beginning of a stop string. What has been given out is never taken back.
 */
export class TextStream {
  readonly #tokenizer: Decodes;
  readonly #stops: readonly string[];
  readonly #ids: number[];
  /** Where the continuation begins in the decoded text of prompt and continuation: words depend on what stands before. */
  readonly #start: number;
  #given: number;

  constructor(tokenizer: Decodes, prompt: readonly number[], stops: readonly string[]) {
    this.#tokenizer = tokenizer;
    this.#stops = stops;
    this.#ids = [...prompt];
    this.#start = tokenizer.decode(prompt).length;
    this.#given = this.#start;
  }

  /** Adds a token. @returns the text that is sure now, and whether a stop string is there: then it ends before that */
  push(id: number): { readonly text: string; readonly stopped: boolean } {
    this.#ids.push(id);
    const all = this.#tokenizer.decode(this.#ids);
    const found = this.#stops.map((stop) => all.indexOf(stop, this.#start)).filter((at) => at >= 0);
    if (found.length > 0) return { text: this.#give(all, Math.min(...found)), stopped: true };
    return {
      text: all.endsWith('\ufffd') ? '' : this.#give(all, all.length - heldBack(all.slice(this.#start), this.#stops)),
      stopped: false,
    };
  }

  /** The text that was kept back. */
  rest(): string {
    const all = this.#tokenizer.decode(this.#ids);
    return this.#give(all, all.length);
  }

  #give(all: string, end: number): string {
    const text = all.slice(this.#given, end);
    this.#given = Math.max(this.#given, end);
    return text;
  }
}

/** The length of the longest end of a text with which a stop string begins. */
function heldBack(text: string, stops: readonly string[]): number {
  let most = 0;
  for (const stop of stops) {
    for (let n = Math.min(stop.length - 1, text.length); n > most; n--) if (text.endsWith(stop.slice(0, n))) most = n;
  }
  return most;
}
