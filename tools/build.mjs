// The build: AssemblyScript kernels → a TypeScript module with their bytes; TypeScript → dist/; the command in few files → dist/command;
// the studio's page → dist/studio.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildStudio } from './build-studio.mjs';
import { bundleCommand } from './bundle-command.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const kernelFolder = 'src/train/kernels/assembly';
const kernelSource = `${kernelFolder}/kernels.ts`;
const kernelModule = 'src/train/kernels/kernels.generated.ts';

// No --maximumMemory: an import without a maximum accepts every memory, whatever maximum its owner declared.
const kernelFlags = ['--importMemory', '--noExportMemory', '--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd'];

await buildKernels();
const status = compile();
removeOrphans();
const command = join(root, 'dist/cli/main.node.js');
const bundled = existsSync(command) ? await bundleCommand(root) : 1;
if (existsSync(command)) chmodSync(command, 0o755);
process.exit(status || bundled || (await buildStudio(root)));

/** Writes the kernels' module, unless it was made from the same sources by the same compiler. */
async function buildKernels() {
  const names = readdirSync(join(root, kernelFolder)).sort();
  const sources = names.map((name) => readFileSync(join(root, kernelFolder, name), 'utf8'));
  const compiler = JSON.parse(readFileSync(join(root, 'node_modules/assemblyscript/package.json'), 'utf8')).version;
  const hash = createHash('sha256')
    .update([...names, ...sources, compiler, ...kernelFlags].join('\n'))
    .digest('hex')
    .slice(0, 16);
  const target = join(root, kernelModule);
  if (existsSync(target) && readFileSync(target, 'utf8').includes(hash)) return;

  // Loaded here, not at the top: the compiler takes a second to load.
  const { default: asc } = await import('assemblyscript/asc');
  /** @type {Uint8Array | undefined} */
  let bytes;
  const { error, stderr } = await asc.main([kernelSource, '--outFile', 'kernels.wasm', ...kernelFlags], {
    readFile: (/** @type {string} */ name, /** @type {string} */ base) => {
      // Imports end with `.js`, as everywhere in src/; the compiler asks for that with `.ts` behind it.
      const path = join(root, base, name.replace(/\.js\.ts$/, '.ts'));
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (/** @type {string} */ _name, /** @type {string | Uint8Array} */ content) => {
      bytes = /** @type {Uint8Array} */ (content);
    },
    listFiles: () => [],
  });
  if (error || !bytes) {
    console.error(`${stderr}\nbuild: ${kernelSource} does not compile: ${error?.message ?? 'no output'}`);
    process.exit(1);
  }
  // Renamed into place, so that a reader at the same moment sees the old module or the new one.
  writeFileSync(`${target}.tmp`, moduleText(hash, Buffer.from(bytes).toString('base64')));
  renameSync(`${target}.tmp`, target);
  console.log(`build: kernels, ${bytes.length} bytes`);
}

/** @param {string} hash @param {string} base64 */
function moduleText(hash, base64) {
  const lines = [
    `// Made by tools/build.mjs from ${kernelFolder} (${hash}). Do not edit.`,
    '/** The WebAssembly module of the kernels, in base64. */',
    `export const kernelBytes: string =\n  '${base64}';`,
  ];
  return `${lines.join('\n')}\n`;
}

/** tsc's exit status; it writes dist/ even where types are wrong, as `tsc` does. */
function compile() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' }).status ?? 1;
}

/** Removes compiled files whose source is gone; else they would be packed. Folders that src/ does not have are not ours. */
function removeOrphans() {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return;
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const stem = /^(.*?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(file)?.[1];
    const top = file.split('/')[0] ?? '';
    if (stem === undefined || (file.includes('/') && !existsSync(join(root, 'src', top)))) continue;
    if (!existsSync(join(root, 'src', `${stem}.ts`))) rmSync(join(dist, file));
  }
}
