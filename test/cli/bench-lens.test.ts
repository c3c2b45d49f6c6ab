import { expect, test } from 'vitest';
import { lensBench, lensSizes } from '#dist/cli/bench/lens.node.js';
import { lensTable } from '#dist/cli/bench/lens-report.js';

test('measures every figure beside its baseline, at a small size', async () => {
  const figures = await lensBench({ size: lensSizes.small, threads: 1 });
  for (const { median, count } of [figures.forward, figures.patterns, figures.intervention]) {
    expect(median).toBeGreaterThan(0);
    expect(count).toBe(3);
  }
  expect(figures.patternsToForward).toBeGreaterThan(0);
  expect(figures.sweep).toMatchObject({ cells: 2 * 4 * 8 });
  expect(figures.sweep.msPerCell).toBeCloseTo((1000 * figures.sweep.seconds) / 64, 6);
  expect(lensTable(figures)).toMatch(/\| with every pattern \| [\d.]+ \| [\d.]+ to [\d.]+ \| -?[\d.]+% \|/);
});
