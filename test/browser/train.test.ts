import { describe, expect, test } from 'vitest';
import { findChromium, runInBrowser } from './harness.js';
import inNode from './train-page.js';

interface Run {
  readonly losses: number[];
  readonly valLoss: number;
}

// Without a browser there is nothing to test here: the name says what to install.
describe.skipIf(findChromium() === undefined)('the training step in Chromium, on WebAssembly (needs Chromium: CHROMIUM_PATH)', () => {
  test.each([true, false])('losses are Node’s (in the page’s own thread: %s)', async (inThread) => {
    const steps = 12;
    const here = (await inNode({ steps, inThread: true })) as Run;
    const there = (await runInBrowser({
      entry: 'test/browser/train-page.ts',
      workers: { 'entry.web': 'src/train/worker/entry.web.ts' },
      input: { wasmPaths: '/ort/', steps, inThread },
    })) as Run;
    expect(there.losses).toHaveLength(steps);
    there.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(here.losses[i] as number, 4);
    });
    expect(there.valLoss).toBeCloseTo(here.valLoss, 4);
  });
});
