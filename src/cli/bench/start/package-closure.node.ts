import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesOf } from './file-cache.node.js';

/**
 * The folders of a package and of all it depends on, as Node would find them from there; what is optional and not installed is
 * left out. @param folder the package's own
 */
export function packageFolders(folder: string): string[] {
  const found = new Set<string>();
  const visit = (at: string): void => {
    if (found.has(at)) return;
    found.add(at);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Manifest;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const next = resolved(at, name);
      if (next !== undefined) visit(next);
    }
  };
  visit(folder);
  return [...found];
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Where Node finds a package from a folder: in the nearest node_modules above. */
function resolved(from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(at) === at) return undefined;
  }
}

/** Bytes of the files of a package folder, without packages that lie inside it: those count by themselves. */
export function packageBytes(folder: string): number {
  return bytesOf(filesOf(folder).filter((path) => !path.slice(folder.length).includes('/node_modules/')));
}

export function bytesOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + statSync(path).size, 0);
}
