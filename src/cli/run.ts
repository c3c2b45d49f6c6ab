import { type Command, CommanderError } from 'commander';
import { HeadlightError, nearest } from '../core/index.js';
import { exitCode } from './exit-code.js';
import type { CommandIo } from './io.js';
import { createProgram } from './program.js';

export interface RunOptions {
  readonly io: CommandIo;
  readonly version: string;
  /** Shows stack traces too. */
  readonly explain: boolean;
}

/** Parses and runs one command line. Never throws: what goes wrong is one line and an exit code. */
export async function runCommand(argv: readonly string[], { io, version, explain }: RunOptions): Promise<number> {
  let code: number = exitCode.done;
  const program = createProgram({
    io,
    version,
    finish: (result) => {
      code = result;
    },
  });
  try {
    if (argv.length === 0) {
      io.note(program.helpInformation().trimEnd());
      return exitCode.badInput;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCode.done; // --help and --version
      const command = commandOf(program, argv);
      // A command of commands by itself does nothing: it says what there is.
      io.note(error.code === 'commander.help' ? command.helpInformation().trimEnd() : `headlight: ${usageLine(error, command)}`);
      return exitCode.badInput;
    }
    io.note(`headlight: ${failureLine(error)}`);
    if (explain) for (let e: unknown = error; e instanceof Error; e = e.cause) io.note(e.stack ?? e.message);
    return codeOf(error);
  }
}

/** Bad input is the user's to mend, the rest is not: the engine, a full disk, numbers that ran away, faults of ours. */
function codeOf(error: unknown): number {
  if (!(error instanceof HeadlightError)) return exitCode.failed;
  return ['engine', 'disposed', 'numeric', 'storage'].includes(error.code) ? exitCode.failed : exitCode.badInput;
}

function failureLine(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');
  return error instanceof HeadlightError ? message : `unexpected failure: ${message} (HEADLIGHT_DEBUG=1 shows where)`;
}

/** The command that a line names, as far as there is one. */
function commandOf(program: Command, argv: readonly string[]): Command {
  const [name, ...rest] = argv;
  const found = program.commands.find((c) => c.name() === name);
  return found === undefined ? program : commandOf(found, rest);
}

/** The parser's message on one line, with the nearest option that there is. */
function usageLine(error: CommanderError, command: Command): string {
  const line = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/ ?\(Did you mean .*$/, '')
    .replace(/\.$/, '');
  const names: string[] = [];
  for (let c: Command | null = command; c?.parent; c = c.parent) names.unshift(c.name());
  const help = `See: ${['headlight', ...names, '--help'].join(' ')}`;
  if (error.code !== 'commander.unknownOption') return `${line}. ${help}`;
  const asked = /'([^']+)'/.exec(line)?.[1] ?? '';
  const options = command.options.flatMap((o) => (o.long == null ? [] : [o.long]));
  return `${line}. Nearest: ${nearest(asked, options, 1)}. ${help}`;
}
