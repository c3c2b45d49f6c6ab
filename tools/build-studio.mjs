// The studio's page: studio/ → dist/studio, by Vite, unless it was made from the same sources by the same tools.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} root the repository, whose dist/ holds the compiled library already
 * @returns {Promise<number>} the exit status
 */
export async function buildStudio(root) {
  const stamp = join(root, 'dist/studio/made-from');
  const hash = hashOf(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return 0;
  // Loaded here: Vite takes a second to load.
  const { build } = await import('vite');
  try {
    await build({ root: join(root, 'studio'), configFile: join(root, 'studio/vite.config.mjs'), logLevel: 'warn' });
  } catch (error) {
    console.error(`build: the studio does not compile: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  writeFileSync(stamp, hash);
  return 0;
}

/** @param {string} root */
function hashOf(root) {
  const hash = createHash('sha256');
  // What the page imports of the library: the protocol's types vanish, colours and token texts stay.
  for (const folder of [
    'studio/index.html',
    'studio/public',
    'studio/src',
    'studio/vite.config.mjs',
    'src/lens/picture',
    'src/server/protocol',
    'tools/build-studio.mjs',
  ]) {
    for (const path of filesOf(join(root, folder))) hash.update(path.slice(root.length)).update(readFileSync(path));
  }
  for (const name of ['vite', 'svelte'])
    hash.update(JSON.parse(readFileSync(join(root, `node_modules/${name}/package.json`), 'utf8')).version);
  return hash.digest('hex');
}

/**
 * @param {string} path a file or a folder
 * @returns {string[]}
 */
function filesOf(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
