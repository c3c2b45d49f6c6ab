import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build, type Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
/** What users may import: `headlightjs`, `headlightjs/nn`, … */
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => `headlightjs${subpath.slice(1)}`);

/** An empty project with the packed package and its declared dependencies, and nothing else. */
const project = mkdtempSync(join(tmpdir(), 'pack-'));
const installed = join(project, 'node_modules/headlightjs');

beforeAll(() => {
  // --ignore-scripts: `prepack` would build again, under the feet of the other tests.
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', project], { cwd: root, stdio: 'ignore' });
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? '';
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(project, tarball), '-C', installed, '--strip-components=1']);
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

function node(...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

test('the package holds code, types, licence and readme, and no tests or sources', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(files).toEqual(
    expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/index.js', 'dist/index.d.ts']),
  );
  expect(files.filter((file) => /^(?:src|test|tools|docs|node_modules|\.)/.test(file))).toEqual([]);
});

describe('every entry', () => {
  test.each(subpaths)('%s loads in Node, with something in it', async (subpath) => {
    // In a thread of its own, so that nothing is loaded before it.
    const tell = "require('node:worker_threads').parentPort.postMessage";
    writeFileSync(join(project, 'load.cjs'), `import('${subpath}').then((entry) => ${tell}(Object.keys(entry).length));`);
    const thread = new Worker(join(project, 'load.cjs'), { stdout: true, stderr: true, execArgv: [] });
    const said: Buffer[] = [];
    for (const stream of [thread.stdout, thread.stderr]) stream.on('data', (piece: Buffer) => said.push(piece));
    const ended = once(thread, 'exit');
    const [count] = await once(thread, 'message');
    expect(await ended).toEqual([0]);
    expect(Buffer.concat(said).toString()).toBe('');
    expect(count).toBeGreaterThan(0);
  });

  describe('for the web', () => {
    let bundled: Metafile;
    beforeAll(async () => {
      // All in one go, each to a file of its own: what they have in common is read once.
      const { metafile, errors } = await build({
        entryPoints: Object.fromEntries(subpaths.map((subpath, i) => [`entry-${i}`, subpath])),
        absWorkingDir: project,
        outdir: 'bundled',
        bundle: true,
        write: false,
        metafile: true,
        format: 'esm',
        platform: 'browser',
        logLevel: 'silent',
        external: ['onnxruntime-web', 'onnxruntime-web/*'],
      });
      expect(errors).toEqual([]);
      bundled = metafile;
    });

    test.each(subpaths)('%s bundles, without a Node module', (subpath) => {
      const entry = bundled.outputs[`bundled/entry-${subpaths.indexOf(subpath)}.js`]?.entryPoint ?? '';
      const files = new Set([entry]);
      for (const file of files) for (const { path, external } of bundled.inputs[file]?.imports ?? []) if (!external) files.add(path);
      expect(files.size).toBeGreaterThan(1);
      expect([...files].filter((file) => file.endsWith('.node.js') || file.includes('onnxruntime-node'))).toEqual([]);
    });
  });

  test('types hold in a strict browser project that checks declarations too', () => {
    const names = subpaths.map((_, i) => `m${i}`);
    const imports = subpaths.map((subpath, i) => `import * as m${i} from '${subpath}';`);
    writeFileSync(join(project, 'use.ts'), `${imports.join('\n')}\nexport const all: readonly object[] = [${names}];\n`);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'ES2022',
      lib: ['ES2023', 'DOM', 'ESNext.Disposable'],
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      types: [],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }));
    const { output } = node(join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json', '--pretty', 'false');
    // Faults in the declarations of other packages are not ours to mend.
    const ours = output.split('\n').filter((line) => /^(?:use\.ts|node_modules\/headlightjs\/|error)/.test(line));
    expect(ours).toEqual([]);
  });
});

test('the command runs from the package and knows its version', () => {
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string };
  const { status, output } = node(join(installed, manifest.bin.headlight ?? ''), '--version');
  expect(output.trim()).toBe(version);
  expect(status).toBe(0);
});
