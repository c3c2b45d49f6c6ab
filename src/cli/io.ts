/** Shows how far some work is. */
export interface Progress {
  /** @param done units done of the total @param text what else to show, such as a loss */
  update(done: number, text: string): void;
  stop(): void;
}

/** Lines of standard input, one after another. */
export interface LineInput {
  /** Whether a person types them. */
  readonly isTerminal: boolean;
  /** The next line, without its end; undefined at the end of the input. @param prompt shown on a terminal */
  next(prompt: string): Promise<string | undefined>;
  /** For what answers the last line: aborts at Ctrl-C. Ctrl-C once more, or while nothing is answered, ends the input. */
  answering(): AbortSignal;
  close(): void;
}

/** Where a command writes, and how it hears of Ctrl-C. Tests and embedding programs give their own. */
export interface CommandIo {
  /** Standard output: data. */
  out(text: string): void;
  /** Standard error: one line for people. */
  note(line: string): void;
  readonly outIsTerminal: boolean;
  /** Characters across the terminal of standard error. */
  readonly columns: number;
  /** Whether characters beyond ASCII are shown. */
  readonly unicode: boolean;
  /** A bar on a terminal; elsewhere a plain line every few seconds. */
  progress(total: number): Progress;
  /** Aborts at the first Ctrl-C. Who asks for it promises to stop soon; otherwise Ctrl-C ends the process as usual. */
  interrupted(): AbortSignal;
  /** Standard input, which is read from then on; left out, there is none. */
  input?(): LineInput;
}
