import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gridWindows, placesOf, shiftedWindows } from '#dist/attention/index.js';
import { inOrder, saidBy, saidByRule } from './support.js';

/**
 * Who may meet whom, as the paper's figure 4 does it: the picture is rolled by `shift` up and left, cut into windows, and
 * within a window only parts meet that were neighbours before: rows and columns fall into three regions, [0, n − M),
 * [n − M, n − shift) and [n − shift, n).
 */
function rolled(height: number, width: number, window: number, shift: number): (i: number, j: number) => boolean {
  const region = (at: number, size: number): number => (shift === 0 || at < size - window ? 0 : at < size - shift ? 1 : 2);
  const cell = (p: number): string => {
    const y = (Math.floor(p / width) - shift + height) % height;
    const x = ((p % width) - shift + width) % width;
    return [Math.floor(y / window), Math.floor(x / window), region(y, height), region(x, width)].join();
  };
  return (i, j) => cell(i) === cell(j);
}

const grids = fc
  .record({ window: fc.integer({ min: 1, max: 4 }), down: fc.integer({ min: 1, max: 3 }), across: fc.integer({ min: 1, max: 3 }) })
  .chain((g) => fc.record({ ...mapToConstants(g), shift: fc.integer({ min: 0, max: g.window - 1 }) }));

function mapToConstants<T extends Record<string, number>>(values: T): { [K in keyof T]: fc.Arbitrary<number> } {
  return Object.fromEntries(Object.entries(values).map(([k, v]) => [k, fc.constant(v)])) as { [K in keyof T]: fc.Arbitrary<number> };
}

test('windows and shifted windows are those of the rolled picture', () => {
  fc.assert(
    fc.property(grids, ({ window, down, across, shift }) => {
      const [height, width] = [window * down, window * across];
      const patches = height * width;
      const got = saidBy(shiftedWindows({ gridWidth: width, window, shift }), placesOf(patches, patches), [1, 1, patches, patches]);
      expect(got).toEqual(saidByRule(rolled(height, width, window, shift), inOrder(patches, 1), inOrder(patches, 1), 1));
    }),
    { numRuns: 60 },
  );
});

test('by default windows move by half their side', () => {
  const places = placesOf(64, 64);
  const of = (shift?: number): boolean[] =>
    saidBy(shiftedWindows({ gridWidth: 8, window: 4, ...(shift !== undefined && { shift }) }), places, [1, 1, 64, 64]);
  expect(of()).toEqual(of(2));
  expect(of()).not.toEqual(of(1));
  expect(of(0)).toEqual(saidBy(gridWindows({ gridWidth: 8, window: 4 }), places, [1, 1, 64, 64]));
});
