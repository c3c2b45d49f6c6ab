import { expect, test } from 'vitest';
import { decodeBench } from '#dist/cli/bench/decode.js';

const tiny = { layers: 2, heads: 2, width: 32, vocabulary: 101, context: 320 };

test('measures every figure, at a tiny size', async () => {
  const said: string[] = [];
  const figures = await decodeBench({ ...tiny, tokens: 3, near: 8, far: 300, onProgress: (what) => said.push(what) });
  // Two blocks of 12·C² weights and the table of tokens, which is the head too; biases, norms and positions are left out.
  expect(figures.weightBytes).toBe(4 * (2 * 12 * 32 * 32 + 101 * 32));
  const [early, late] = figures.msPerToken as [number, number];
  expect(early).toBeGreaterThan(0);
  expect(figures.lateToEarly).toBeCloseTo(late / early, 10);
  expect(figures.earlyToStream).toBeCloseTo(early / (figures.streamMs as number), 10);
  const rates = Object.values(figures.readGigabytesPerSecond as Record<string, number>);
  expect(rates).toHaveLength(3);
  expect(Math.max(...rates)).toBeCloseTo((figures.weightBytes as number) / (figures.streamMs as number) / 1e6, 6);
  expect(said.at(-1)).toBe('token 5 of 5');
});

test('positions that do not fit the context are refused', async () => {
  await expect(decodeBench({ ...tiny, near: 8, far: 310 })).rejects.toMatchObject({ code: 'value' });
});
