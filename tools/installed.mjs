// Exits 0 if node_modules holds what package-lock.json names, else 1. npm records what it installed in
// node_modules/.package-lock.json; comparing the two costs milliseconds, `npm ci` costs a minute.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} Entry */

/**
 * @param {string} root
 * @returns {string | undefined} the first package that is missing or of another version; undefined if all are there
 */
export function firstStale(root) {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return 'node_modules';
  const have = packages(installed);
  for (const [path, wanted] of Object.entries(packages(join(root, 'package-lock.json')))) {
    if (path === '') continue;
    const found = have[path];
    // Optional packages are for other processors and systems; npm leaves those out.
    if (!found && wanted.optional) continue;
    if (found?.version !== wanted.version || found?.integrity !== wanted.integrity) return path;
  }
  return undefined;
}

/**
 * @param {string} file
 * @returns {Record<string, Entry>}
 */
function packages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = firstStale(join(dirname(fileURLToPath(import.meta.url)), '..'));
  if (stale) console.log(`stale: ${stale}`);
  process.exitCode = stale ? 1 : 0;
}
