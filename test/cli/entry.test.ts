import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { run as runInBrowser } from '#dist/cli/index.js';
import { run } from '#dist/cli/index.node.js';
import { HeadlightError } from '#dist/core/index.js';
import { headlight, start, temporaryFolder } from './command.js';

const here = temporaryFolder();
const root = fileURLToPath(new URL('../../', import.meta.url));

/** An io that keeps what is written. */
function recordingIo() {
  const written = { out: '', err: '' };
  const io = {
    out: (text: string) => {
      written.out += text;
    },
    note: (line: string) => {
      written.err += `${line}\n`;
    },
    outIsTerminal: false,
    columns: 80,
    unicode: false,
    progress: () => ({ update: () => {}, stop: () => {} }),
    interrupted: () => new AbortController().signal,
  };
  return { io, written };
}

test('help and version go to standard output, exit code 0', async () => {
  const help = await headlight(here, '--help');
  expect([help.code, help.err]).toEqual([0, '']);
  for (const name of ['demo', 'train', 'eval', 'generate', 'chat', 'sites', 'capture', 'attend', 'bench'])
    expect(help.out).toMatch(new RegExp(`^  ${name} `, 'm'));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(await headlight(here, '--version')).toMatchObject({ code: 0, out: `${version}\n` });
  expect((await headlight(here, 'train', '--help')).out).toContain('--micro-batch');
});

test('help needs little: the engine and the libraries are loaded by the commands that use them', async () => {
  const { metafile } = await build({
    entryPoints: [join(root, 'dist/cli/main.node.js')],
    bundle: true,
    write: false,
    metafile: true,
    splitting: true,
    outdir: here,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    conditions: ['node'],
    logLevel: 'silent',
  });
  const loaded = new Set<string>();
  const visit = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { path, kind } of metafile.inputs[file]?.imports ?? []) if (kind !== 'dynamic-import') visit(path);
  };
  visit(Object.keys(metafile.inputs).find((file) => file.endsWith('dist/cli/main.node.js')) ?? '');
  expect(loaded.size).toBeGreaterThan(10);
  expect([...loaded].filter((file) => /onnxruntime|huggingface|dist\/(?:runtime|ops|models|train|lens|generate)\//.test(file))).toEqual([]);
});

describe('as a function', () => {
  test('runs a command with the io it is given and returns the exit code', async () => {
    const { io, written } = recordingIo();
    expect(await run(['sites', join(here, 'gone')], io)).toBe(2);
    expect(written.err).toMatch(/^headlight: .*gone: a checkpoint folder/);
    expect(written.out).toBe('');
  });

  test('in a browser it refuses, clearly', async () => {
    const refused = runInBrowser(['train']);
    await expect(refused).rejects.toThrow(HeadlightError);
    await expect(refused).rejects.toMatchObject({ code: 'unsupported' });
  });
});

test('stack traces only when asked for', async () => {
  const plain = await headlight(here, 'sites', 'gone');
  expect(plain.err).not.toContain('    at ');
  const explained = await start(here, ['sites', 'gone'], { HEADLIGHT_DEBUG: '1' }).finished;
  expect(explained.err).toContain('    at ');
  expect(explained.code).toBe(2);
});
