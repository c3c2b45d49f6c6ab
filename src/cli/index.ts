import { fail } from '../core/index.js';
import type { CommandIo } from './io.js';

export type { CommandIo, Progress } from './io.js';

/**
 * The command line runs in Node only; this is what browsers get of it.
 *
 * @param argv the arguments after the command's name: `['train', 'plays.txt', '--steps', '100']`
 * @param io where to write; the process by default
 * @returns the exit code: 0 done, 1 failed while working, 2 bad usage or input, 130 interrupted
 * @throws unsupported: outside Node
 */
export async function run(argv: readonly string[], io?: CommandIo): Promise<number> {
  throw fail('unsupported', {
    where: 'headlightjs/cli',
    rule: 'the command line runs in Node',
    got: `a browser, asked for "${argv.join(' ')}"${io === undefined ? '' : ' with its own output'}`,
    fix: "Use the libraries: 'headlightjs/train', 'headlightjs/generate', 'headlightjs/lens'",
  });
}
