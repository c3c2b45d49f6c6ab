import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cellAt,
  clamped,
  fittingCell,
  type MatrixWindow,
  poolOf,
  showing,
  TILE,
  visibleTiles,
  zoomed,
} from '../../../studio/src/scenes/window.js';

const windows = fc
  .record({
    rows: fc.integer({ min: 1, max: 3000 }),
    columns: fc.integer({ min: 1, max: 3000 }),
    width: fc.integer({ min: 150, max: 1600 }),
    height: fc.integer({ min: 150, max: 1200 }),
    left: fc.integer({ min: 0, max: 100 }),
    top: fc.integer({ min: 0, max: 100 }),
    cell: fc.double({ min: 0.05, max: 60, noNaN: true }),
    scrollX: fc.double({ min: -100, max: 50_000, noNaN: true }),
    scrollY: fc.double({ min: -100, max: 50_000, noNaN: true }),
  })
  .map((w): MatrixWindow => clamped(w));

test('every cell that is seen lies in exactly one of the tiles that are asked for', () => {
  fc.assert(
    fc.property(windows, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (w, a, b) => {
      const cell = cellAt(w, w.left + a * (w.width - w.left - 1), w.top + b * (w.height - w.top - 1));
      if (!cell) return;
      const holding = visibleTiles(w).filter(
        (t) => cell.row >= t.row && cell.row < t.row + t.rows && cell.column >= t.column && cell.column < t.column + t.columns,
      );
      expect(holding).toHaveLength(1);
    }),
  );
});

test('tiles lie within the matrix, begin at multiples of their span, and are no more than the view has room for', () => {
  fc.assert(
    fc.property(windows, (w) => {
      const tiles = visibleTiles(w);
      for (const { row, column, rows, columns, pool } of tiles) {
        expect([row % (TILE * pool), column % (TILE * pool)]).toEqual([0, 0]);
        expect(row + rows <= w.rows && column + columns <= w.columns && rows > 0 && columns > 0).toBe(true);
        // A drawn cell is at least a pixel, and the next finer pool's would not be.
        expect(pool * w.cell).toBeGreaterThanOrEqual(1);
        if (pool > 1) expect((pool / 2) * w.cell).toBeLessThan(1);
      }
      const across = (room: number): number => Math.ceil(room / (TILE * poolOf(w.cell) * w.cell)) + 1;
      expect(tiles.length).toBeLessThanOrEqual(across(w.width - w.left) * across(w.height - w.top));
    }),
  );
});

test('the cell under the pointer stays there while one zooms', () => {
  const w = clamped({ rows: 2048, columns: 2048, width: 640, height: 640, left: 40, top: 20, cell: 4, scrollX: 3000, scrollY: 2500 });
  const before = cellAt(w, 300, 200);
  for (const factor of [1.5, 2, 0.8]) expect(cellAt(zoomed(w, factor, 300, 200), 300, 200)).toEqual(before);
});

test('a cell that is chosen is scrolled to; one that is seen moves nothing', () => {
  const w = clamped({ rows: 500, columns: 500, width: 400, height: 400, left: 40, top: 40, cell: 20, scrollX: 0, scrollY: 0 });
  const moved = showing(w, 450, 300);
  expect(visibleTiles(moved).some((t) => 450 >= t.row && 450 < t.row + t.rows)).toBe(true);
  expect(moved.scrollY).toBeLessThanOrEqual(450 * 20);
  expect(moved.scrollY + 360).toBeGreaterThanOrEqual(451 * 20);
  expect(showing(w, 5, 5)).toEqual(w);
});

test('all of a matrix is seen at the fitting size, whatever its shape', () => {
  fc.assert(
    fc.property(windows, (w) => {
      const cell = fittingCell(w);
      expect(cell * w.columns).toBeLessThanOrEqual(Math.max(w.width - w.left, 0.01 * w.columns));
      expect(cell * w.rows).toBeLessThanOrEqual(Math.max(w.height - w.top, 0.01 * w.rows));
    }),
  );
});
