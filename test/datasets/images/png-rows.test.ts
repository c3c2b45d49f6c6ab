import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pngPasses, rawLength, undoFilter } from '#dist/datasets/images/png-rows.js';

/** What each filter subtracts, word for word as the specification has it (9.2, 9.4). */
function guess(filter: number, a: number, b: number, c: number): number {
  if (filter < 3) return [0, a, b][filter] as number;
  if (filter === 3) return Math.floor((a + b) / 2);
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)] as [number, number, number];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

test('every filter is undone, also where two neighbours are as near', () => {
  // Few values, so that distances are often equal.
  const byte = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 255 }));
  const rows = fc.array(fc.tuple(byte, byte), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 8 }), (pairs, filter, step) => {
      const above = Uint8Array.from(pairs, ([x]) => x);
      const row = Uint8Array.from(pairs, ([, x]) => x);
      const filtered = row.map((x, i) => x - guess(filter, row[i - step] ?? 0, above[i] as number, above[i - step] ?? 0));
      undoFilter(filter, filtered, above, step);
      expect(filtered).toEqual(row);
    }),
    { numRuns: 2000 },
  );
});

test('the passes of an interlaced image meet every pixel once', () => {
  const side = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(side, side, fc.boolean(), (width, height, interlaced) => {
      const met = new Array<number>(width * height).fill(0);
      const passes = pngPasses({ width, height, interlaced }, 8);
      for (const { x, y, dx, dy, columns, rows } of passes)
        for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++) (met[(y + j * dy) * width + x + i * dx] as number) += 1;
      expect(met.every((n) => n === 1)).toBe(true);
      expect(rawLength(passes)).toBe(width * height + passes.reduce((sum, { rows }) => sum + rows, 0));
    }),
  );
});
