// The command as few files: dist/cli/main.node.js and what it loads → dist/command, and with it the threads and processes that
// it starts. Five hundred modules, one by one, took Node 0.4 s of the command's start, and two hundred 0.2 s of a thread's;
// the library's own modules stay what they are.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** What is started as a thread or a process of its own; those of training by the library too. */
const started = [
  'train/worker/entry',
  'train/worker/lane-entry',
  'cli/studio/model-entry',
  'cli/studio/training-entry',
  'cli/bench/length/process',
  'cli/bench/start/first-step',
];

/**
 * @param {string} root the repository, whose dist/ holds the compiled modules already
 * @returns {Promise<number>} the exit status
 */
export async function bundleCommand(root) {
  const entry = join(root, 'dist/cli/main.node.js');
  const folder = join(root, 'dist/command');
  const source = readFileSync(entry, 'utf8');
  if (!source.startsWith('#!')) return 1; // tsc did not write it
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: { main: entry, ...Object.fromEntries(started.map((path) => [nameOf(path), join(root, `dist/${path}.node.js`)])) },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    chunkNames: '[name]-[hash]',
    write: false,
    logLevel: 'warning',
    plugins: [
      { name: 'places', setup: (each) => each.onLoad({ filter: /\.node\.js$/ }, ({ path }) => ({ contents: placed(path, folder) })) },
    ],
  });
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  const written = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const name of readdirSync(folder)) if (!written.has(name)) rmSync(join(folder, name));
  // The same path as ever, with the same first lines: the variables, and what they are for.
  const head = source.slice(0, source.search(/^import /m));
  writeFileSync(entry, `${head}import '../command/main.js';\n`);
  rmSync(`${entry}.map`, { force: true });
  for (const path of started) {
    const file = join(root, `dist/${path}.node.js`);
    writeFileSync(file, `import '${relative(dirname(file), folder).replaceAll('\\', '/')}/${nameOf(path)}.js';\n`);
    rmSync(`${file}.map`, { force: true });
  }
  return existsSync(join(folder, 'main.js')) ? 0 : 1;
}

/** @param {string} path of what is started @returns {string} its bundle's */
function nameOf(path) {
  return path.replaceAll('/', '-');
}

/**
 * A module whose own address is where it lies in dist/, whatever file it comes to stand in.
 * @param {string} path
 * @param {string} folder
 */
function placed(path, folder) {
  const address = JSON.stringify(relative(folder, path).replaceAll('\\', '/'));
  return readFileSync(path, 'utf8').replaceAll('import.meta.url', `new URL(${address}, import.meta.url).href`);
}
