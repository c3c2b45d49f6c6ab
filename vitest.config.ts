import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const { exports: entries } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  exports: Record<string, string | { node?: string; default: string }>;
};
// Set by tools/test-long.sh.
const isLong = process.env.HEADLIGHT_LONG === '1';

export default defineConfig({
  resolve: {
    // The package by its public name, as its users write it: `headlightjs/nn` is what package.json's exports say.
    alias: Object.entries(entries).map(([subpath, entry]) => ({
      find: new RegExp(`^headlightjs${subpath.slice(1).replaceAll('.', '\\.')}$`),
      replacement: fileURLToPath(new URL(typeof entry === 'string' ? entry : (entry.node ?? entry.default), import.meta.url)),
    })),
  },
  test: {
    include: [isLong ? 'test/long/**/*.test.ts' : 'test/**/*.test.ts'],
    exclude: [...(isLong ? [] : ['test/long/**']), '**/node_modules/**'],
    setupFiles: ['test/support/fast-check.ts', 'test/support/typed-arrays.ts'],
    // The built package is what users run: Node loads it, so that its own import conditions hold and nothing is transformed.
    server: { deps: { external: [/\/dist\//] } },
    // Processes, not threads: ONNX Runtime is not fond of being loaded into several threads that come and go.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: isLong ? 3_600_000 : 60_000,
    hookTimeout: 60_000,
    // What a page shows comes when it comes: on a machine with much else to do, not within the second that is usual.
    expect: { poll: { timeout: 15_000 } },
  },
});
