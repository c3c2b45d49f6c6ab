import { describe, expect, test } from 'vitest';
import { randomBits } from '#dist/core/random.js';
import { findChromium, runInBrowser } from './harness.js';

const chromium = findChromium();
if (chromium === undefined) console.warn('skipped: no Chromium; install Debian\'s "chromium" or set CHROMIUM_PATH');

describe.skipIf(chromium === undefined)('the browser harness', () => {
  test('runs a bundled module in an isolated page; the kernels draw the same mask there', async () => {
    const input = { n: 37, k0: 0x9e3779b9, k1: 12345, threshold: 2 ** 31 };
    expect(await runInBrowser({ entry: 'test/browser/harness-page.ts', input })).toEqual({
      mask: Array.from({ length: input.n }, (_, i) => Number(randomBits(input, i) >= input.threshold)),
      isolated: true,
      engine: [200, 'application/wasm'],
      outside: 404,
    });
  });

  test("a page's error comes back with its console", async () => {
    await expect(runInBrowser({ entry: 'test/browser/harness-throws.ts' })).rejects.toThrow(/by design[\s\S]*warning: about to fail/);
  });
});
