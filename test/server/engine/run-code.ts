import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { afterAll } from 'vitest';
import { scratch } from './opened.js';

const folder = scratch();
const written: string[] = [];
afterAll(() => {
  for (const file of written) rmSync(file, { force: true });
});

/** Runs the code as a user's module of the package, and returns its `value`. */
export async function numberOf(code: string): Promise<number> {
  const { code: script } = await transform(`${code}export { value };\n`, { loader: 'ts', format: 'esm' });
  const file = join(folder, `code-${process.pid}-${written.length}.mjs`);
  written.push(file);
  writeFileSync(file, script.replace(/^console\.log.*$/m, ''));
  const { value } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { value: number };
  return value;
}
