import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { headlight, temporaryFolder } from './command.js';

const here = temporaryFolder();
const binary = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url));

/** Python's own pseudo-terminals: waits until the terminal shows a text, types, and so on; then prints all that was shown. */
const driver = `
import json, os, pty, select, sys, time
steps, argv = json.loads(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
shown, seen, end = b'', 0, time.time() + 40
def pump():
    global shown
    if select.select([fd], [], [], 0.1)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            return False
        shown += data
        return len(data) > 0
    return time.time() < end
for wanted, typed in steps:
    while wanted.encode() not in shown[seen:] and pump():
        pass
    seen = len(shown)
    os.write(fd, typed.encode())
while pump():
    pass
_, status = os.waitpid(pid, 0)
print(json.dumps({'shown': shown.decode(errors='replace'), 'status': status}))
`;
const python = spawnSync('python3', ['-c', 'import pty']).status === 0;
if (!python) console.warn('skipped: no python3 for a pseudo-terminal');

beforeAll(async () => {
  if (!python) return;
  writeFileSync(join(here, 'text.txt'), generateStories({ seed: 3, characters: 20_000 }));
  const sizes = ['--layers', '4', '--heads', '4', '--width', '64', '--context', '512', '--batch', '1', '--steps', '1'];
  const { code, err } = await headlight(here, 'train', 'text.txt', ...sizes, '--tokenizer', 'bpe:300', '--out', 'run');
  expect(code, err).toBe(0);
});

function terminal(steps: readonly (readonly [wanted: string, typed: string])[]): { shown: string; status: number } {
  const chat = ['chat', join(here, 'run'), '--template', 'chatml', '--max-new-tokens', '460', '--seed', '1'];
  const { stdout, stderr } = spawnSync('python3', ['-c', driver, JSON.stringify(steps), process.execPath, binary, ...chat], {
    encoding: 'utf8',
    timeout: 55_000,
  });
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout) as { shown: string; status: number };
}

test.skipIf(!python)('Ctrl-C stops an answer and the conversation goes on; at the prompt it leaves', () => {
  const { shown, status } = terminal([
    ['> ', 'Who?\r'],
    ['Who?', '\u0003'], // the answer is on its way
    ['> ', '/reset\r'],
    ['> ', 'What?\r'],
    ['What?', '\u0003'],
    ['> ', '\u0003'],
  ]);
  expect(status, JSON.stringify(shown)).toBe(0);
  expect(shown).toContain('say something; Ctrl-C stops an answer; /reset, /exit');
  // Two answers, neither as long as was asked for.
  const count = Number(/(\d+) tokens, \d+ per second/.exec(shown)?.[1] ?? 0);
  expect(count).toBeLessThan(900);
  expect(shown.split('> ').length, JSON.stringify(shown)).toBeGreaterThan(4);
});

test.skipIf(!python)('/exit and Ctrl-D leave', () => {
  expect(terminal([['> ', '/exit\r']]).status).toBe(0);
  expect(terminal([['> ', '\u0004']]).status).toBe(0);
});
