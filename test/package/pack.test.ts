import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
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
  test.each(subpaths)('%s loads in Node, with something in it', (subpath) => {
    const { status, output } = node(
      '--input-type=module',
      '--eval',
      `process.exitCode = Object.keys(await import('${subpath}')).length > 0 ? 0 : 9;`,
    );
    expect(output).toBe('');
    expect(status).toBe(0);
  });

  test.each(subpaths)('%s bundles for the web, without a Node module', async (subpath) => {
    const { metafile, errors } = await build({
      stdin: { contents: `export * from '${subpath}';`, resolveDir: project },
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
      external: ['onnxruntime-web', 'onnxruntime-web/*'],
    });
    expect(errors).toEqual([]);
    expect(Object.keys(metafile.inputs).filter((file) => file.endsWith('.node.js') || file.includes('onnxruntime-node'))).toEqual([]);
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
