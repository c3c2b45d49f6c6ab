import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { LineProgress } from '#dist/cli/progress.node.js';
import { headlight, temporaryFolder, tiny } from './command.js';

const here = temporaryFolder();
const binary = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url));
const escapeCharacter = '\u001b';

afterEach(() => {
  vi.useRealTimers();
});

test('without a terminal: at most a line every five seconds', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const lines: string[] = [];
  const progress = new LineProgress(100, (line) => lines.push(line));
  for (let step = 1; step <= 20; step++) {
    vi.advanceTimersByTime(1000);
    progress.update(step, `loss ${step}`);
  }
  expect(lines).toEqual(['5/100 loss 5', '10/100 loss 10', '15/100 loss 15', '20/100 loss 20']);
});

test('without a terminal no control characters are written', async () => {
  const { out, err } = await headlight(here, 'train', ...tiny, '--steps', '2', '--out', 'plain');
  expect(out + err).not.toContain(escapeCharacter);
});

// `script` gives a command a terminal.
test.skipIf(!existsSync('/usr/bin/script'))('on a terminal: a bar that goes away, and notes that stay', () => {
  const command = [process.execPath, binary, 'train', ...tiny, '--steps', '30', '--eval-every', '15', '--out', 'bar'].join(' ');
  const { stdout, status } = spawnSync('/usr/bin/script', ['-qec', command, '/dev/null'], {
    cwd: here,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(status).toBe(0);
  expect(stdout).toContain('░');
  expect(stdout).toMatch(/\/30 /);
  expect(stdout).toMatch(/step 15: training loss [\d.]+, validation loss [\d.]+\r?\n/);
  expect(stdout).toContain(`${escapeCharacter}[?25h`); // the cursor is given back
});
