import type { CommandIo } from './io.js';
import { processIo } from './process-io.node.js';
import { runCommand } from './run.js';
import { packageVersion } from './version.node.js';

export type { CommandIo, Progress } from './io.js';

/** The command line as a function; see `index.ts`. Errors become one line on standard error and an exit code. */
export async function run(argv: readonly string[], io: CommandIo = processIo()): Promise<number> {
  return runCommand(argv, { io, version: packageVersion(), explain: process.env.HEADLIGHT_DEBUG === '1' });
}
