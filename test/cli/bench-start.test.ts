import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packageBytes, packageFolders } from '#dist/cli/bench/start/package-closure.node.js';
import { timeStart } from '#dist/cli/bench/start/process-start.node.js';
import { reportStart } from '#dist/cli/bench/start/report.js';
import { runStartBench } from '#dist/cli/bench/start/start.node.js';

const folder = mkdtempSync(join(tmpdir(), 'headlight-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a start is timed until the first word, or the end', async () => {
  const node = (code: string, until: 'output' | 'end') => timeStart({ program: process.execPath, args: ['-e', code], until });
  const waits = "setTimeout(() => console.log('ready'), 300); setTimeout(() => {}, 1200)";
  const [word, end] = await Promise.all([node(waits, 'output'), node(waits, 'end')]);
  expect(word).toBeGreaterThan(300);
  expect(end).toBeGreaterThan(1200);
  expect(word).toBeLessThan(end);
});

test('what fails is told with its last words, not timed', async () => {
  const failing = (until: 'output' | 'end') =>
    timeStart({ program: process.execPath, args: ['-e', "console.error('no such thing'); process.exitCode = 3"], until });
  await expect(failing('end')).rejects.toMatchObject({ code: 'engine', message: expect.stringContaining('no such thing') });
  await expect(failing('output')).rejects.toMatchObject({ code: 'engine' });
});

test('a package’s closure: dependencies found upwards, each once, what is optional left out where it is not there', () => {
  const pack = (path: string, bytes: number, manifest: object): void => {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, path, 'data'), new Uint8Array(bytes));
  };
  pack('a', 10, { dependencies: { b: '1', c: '1' }, optionalDependencies: { none: '1' } });
  pack('a/node_modules/b', 100, { dependencies: { c: '1', d: '1' } });
  pack('a/node_modules/c', 1000, { dependencies: { b: '1' } });
  pack('a/node_modules/b/node_modules/d', 10_000, {});
  const folders = packageFolders(join(folder, 'a'));
  expect(folders.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort()).toEqual(['a', 'b', 'c', 'd']);
  const manifests = 2 + 2 + 20;
  const [a, b] = [join(folder, 'a'), join(folder, 'a/node_modules/b')].map(packageBytes) as [number, number];
  // Without the packages inside.
  expect(a).toBeGreaterThan(10);
  expect(a).toBeLessThan(100 + manifests);
  expect(b).toBeLessThan(1000);
});

test('ours start, beside node itself; sizes are told', async () => {
  const result = await runStartBench({ rounds: 1, coldRounds: 0, oursOnly: true });
  const names = result.rows.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['node -e 0', 'headlight train: first step', 'headlight generate: first token']));
  const of = (name: string): number => result.rows.find((row) => row.name === name)?.warm.median ?? Number.NaN;
  expect(of('headlight train: first step')).toBeGreaterThan(of('node -e 0'));
  expect(result.withoutCold).toBe('left out');
  expect(result.sizes.dependencies.map(({ name }) => name)).toContain('onnxruntime-node');
  const text = reportStart(result);
  expect(text).toContain('headlight studio: first paint');
  expect(text).toMatch(/bundle +\d+ KiB/);
}, 90_000);
