import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fail } from '../../../core/index.js';

/** A command, and what of it is waited for. */
export interface StartedCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Its first word on standard output, or its end. */
  readonly until: 'output' | 'end';
}

/** Milliseconds from a process's start until what is waited for, after which it is ended. @throws engine: it failed, with what it said last */
export async function timeStart(command: StartedCommand): Promise<number> {
  const begun = performance.now();
  const child = startProcess(command);
  const said = lastWords(child);
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null }));
  if (command.until === 'output') {
    const spoke = once(child.stdout as NonNullable<typeof child.stdout>, 'data').then(() => performance.now() - begun);
    const first = await Promise.race([spoke, ended]);
    if (typeof first === 'number') {
      child.kill('SIGKILL');
      await ended;
      return first;
    }
    throw failed(command, 'output', said());
  }
  const { code, signal } = await ended;
  if (code !== 0) throw failed(command, 'an end with 0', `${code ?? signal}: ${said()}`);
  return performance.now() - begun;
}

/** Starts it with pipes for what it says. */
export function startProcess({ program, args, folder, environment }: StartedCommand): ChildProcess {
  return spawn(program, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    ...(folder !== undefined && { cwd: folder }),
  });
}

/** The last line that a process writes to standard error. */
export function lastWords(child: ChildProcess): () => string {
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-2000);
  });
  return () => said.trim().split('\n').at(-1) ?? '';
}

function failed({ program, args }: StartedCommand, rule: string, got: string): Error {
  return fail('engine', { where: 'bench start', rule: `${rule} of ${[program, ...args].join(' ').slice(0, 120)}`, got: got || 'nothing' });
}
