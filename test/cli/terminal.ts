import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url));

/** Whether util-linux's `script` is there, which gives a command a pseudo-terminal. */
export const hasTerminal = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');
if (!hasTerminal) console.warn('skipped: no `script` of util-linux for a pseudo-terminal');

export interface OnTerminal {
  /** Resolves with the first match of a pattern in all that the terminal has shown. */
  shows(pattern: RegExp): Promise<string>;
  type(text: string): void;
  readonly finished: Promise<{ readonly code: number | null; readonly shown: string }>;
}

/** Starts the built binary in a folder, on a terminal of its own. @param path what PATH is for it */
export function onTerminal(cwd: string, args: readonly string[], path: string): OnTerminal {
  const command = `PATH=${path} exec ${[process.execPath, binary, ...args].map((word) => `'${word}'`).join(' ')}`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd, stdio: ['pipe', 'pipe', 'ignore'], timeout: 110_000 });
  let shown = '';
  let heard = (): void => {};
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk;
    heard();
  });
  const finished = new Promise<{ code: number | null; shown: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, shown }));
  });
  return {
    finished,
    type: (text) => void child.stdin.write(text),
    shows: (pattern) =>
      Promise.race([
        new Promise<string>((resolve) => {
          heard = () => {
            const found = pattern.exec(shown)?.[0];
            if (found !== undefined) resolve(found);
          };
          heard();
        }),
        finished.then(({ code }) => {
          throw new Error(`ended with ${code} before it showed ${pattern}:\n${shown}`);
        }),
      ]),
  };
}
