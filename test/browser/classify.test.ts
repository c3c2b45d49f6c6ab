import { describe, expect, test } from 'vitest';
import { imageBytes } from '../datasets/images/fixtures.js';
import inNode from './classify-page.js';
import { findChromium, runInBrowser } from './harness.js';

interface Result {
  readonly pixels: number[];
  readonly probabilities: number[];
  readonly order: string[];
}

describe.skipIf(findChromium() === undefined)('images in Chromium, on WebAssembly (needs Chromium: CHROMIUM_PATH)', () => {
  test('PNG and JPEG have Node’s pixels, and the labels its probabilities', async () => {
    const images = ['png-type3-depth4-interlaced.png', 'jpeg-420-progressive.jpg'].map((name) => [...imageBytes(name)]);
    const here = (await inNode({ images })) as Result[];
    const there = (await runInBrowser({ entry: 'test/browser/classify-page.ts', input: { wasmPaths: '/ort/', images } })) as Result[];
    expect(there).toHaveLength(2);
    there.forEach(({ pixels, probabilities, order }, i) => {
      expect(pixels).toEqual(here[i]?.pixels);
      expect(order).toEqual(here[i]?.order);
      probabilities.forEach((p, k) => {
        expect(p).toBeCloseTo(here[i]?.probabilities[k] as number, 5);
      });
    });
  });
});
