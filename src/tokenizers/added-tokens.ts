/** A token that is found in text as it is written, before anything else is done with the text. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Left out of decoded text unless asked for. */
  readonly special: boolean;
}

/**
 * Walks the parts of a text in order: added tokens, and the stretches between them. Of tokens that begin at the same
 * place the longest counts, as in Hugging Face's readers.
 */
export class AddedTokenSplitter<T extends { readonly content: string }> {
  readonly #byContent: ReadonlyMap<string, T>;
  readonly #pattern: RegExp | undefined;

  constructor(tokens: readonly T[]) {
    this.#byContent = new Map(tokens.map((t) => [t.content, t]));
    const contents = [...this.#byContent.keys()].sort((a, b) => b.length - a.length);
    const escaped = contents.map((c) => c.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
    this.#pattern = escaped.length === 0 ? undefined : new RegExp(escaped.join('|'), 'g');
  }

  /** Calls `stretch` and `token` with [start, end) of each part; empty stretches are left out. */
  walk(text: string, stretch: (start: number, end: number) => void, token: (token: T, start: number, end: number) => void): void {
    let from = 0;
    if (this.#pattern !== undefined) {
      const pattern = this.#pattern;
      pattern.lastIndex = 0;
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        const found = this.#byContent.get(match[0]);
        const end = match.index + match[0].length;
        if (match.index > from) stretch(from, match.index);
        if (found !== undefined) token(found, match.index, end);
        from = end;
        pattern.lastIndex = end; // `token` may have walked another text
      }
    }
    if (from < text.length) stretch(from, text.length);
  }
}
