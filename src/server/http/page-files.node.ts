import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fail } from '../../core/index.js';
import type { PageFile } from './app.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};

/** The built page, read into memory once: a request can name nothing else. @throws file: a page that is not built */
export async function pageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names.filter((entry) => entry.isFile() && types[extname(entry.name)] !== undefined);
  const read = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const name = `/${path.slice(folder.length + 1).replaceAll('\\', '/')}`;
    return [name, { type: types[extname(path)] as string, bytes: new Uint8Array(await readFile(path)) }] as const;
  });
  const page = new Map<string, PageFile>(await Promise.all(read));
  const first = page.get('/index.html');
  if (first === undefined) throw fail('file', { where: folder, rule: "the studio's page", got: 'none', fix: 'Build it: npm run build' });
  return page.set('/', first);
}
