import type { CommandIo } from './io.js';

/** What a command gets from the program. */
export interface CommandContext {
  readonly io: CommandIo;
  readonly version: string;
  /** Sets the exit code where it is not 0. */
  readonly finish: (code: number) => void;
}
