import { edgeLabels, widest } from './labels.js';
import type { Label, Mark, Scene } from './scene.js';
import { LABELLED_CELL, type MatrixWindow, type TileAddress } from './window.js';

export interface MatrixTile extends TileAddress {
  /** [⌈rows/pool⌉, ⌈columns/pool⌉] */
  readonly values: Float32Array;
}

export interface MatrixData {
  readonly title: string;
  readonly window: MatrixWindow;
  /** The tokens as a reader sees them. */
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  readonly tiles: readonly MatrixTile[];
  /** The end of the colour scale. */
  readonly top: number;
  /** Whether a row sees no later column: those cells are hatched. */
  readonly causal: boolean;
  readonly selected?: { readonly row: number; readonly column: number } | undefined;
  /** Cells that a change touches: outlined. */
  readonly marked?: readonly (readonly [number, number])[];
}

/** Room for labels: of rows at the left, of columns on top, where cells are as wide as `room` has them. */
export function matrixEdges(rowLabels: readonly string[], columnLabels: readonly string[], room: number): { left: number; top: number } {
  const cell = room / Math.max(rowLabels.length, columnLabels.length, 1);
  if (cell < LABELLED_CELL) return { left: 40, top: 20 };
  const size = labelSize(cell);
  return {
    left: Math.min(110, widest(rowLabels, size) + 10),
    top: edgeLabels(columnLabels).upright ? size + 8 : Math.min(96, widest(columnLabels, size) + 8),
  };
}

/** One head's matrix, as far as the window shows it: rows are queries, columns keys. */
export function matrixScene(data: MatrixData): Scene {
  const { window: w, tiles, top, causal } = data;
  const marks: Mark[] = [];
  const x = (column: number): number => w.left + column * w.cell - w.scrollX;
  const y = (row: number): number => w.top + row * w.cell - w.scrollY;
  const right = Math.min(w.width, x(w.columns));
  const bottom = Math.min(w.height, y(w.rows));
  if (causal) marks.push(hatching(w, right, bottom));
  for (const tile of tiles) {
    const rows = Math.ceil(tile.rows / tile.pool);
    const columns = Math.ceil(tile.columns / tile.pool);
    marks.push({
      kind: 'heat',
      x: x(tile.column),
      y: y(tile.row),
      width: columns * tile.pool * w.cell,
      height: rows * tile.pool * w.cell,
      rows,
      columns,
      values: tile.values,
      top,
      maskedFrom: causal ? Math.floor((tile.row - tile.column) / tile.pool) + 1 : Number.POSITIVE_INFINITY,
    });
  }
  if (w.cell >= 6) marks.push(grid(w, right, bottom));
  for (const [row, column] of data.marked ?? [])
    marks.push({
      kind: 'rect',
      x: x(column) + 1,
      y: y(row) + 1,
      width: w.cell - 2,
      height: w.cell - 2,
      stroke: 'second',
      strokeWidth: 2,
      radius: 2,
    });
  const { selected } = data;
  if (selected) marks.push(...crosshair(w, selected.row, selected.column, right, bottom));
  // The labels' ground covers what is scrolled out.
  marks.push({ kind: 'rect', x: 0, y: 0, width: w.width, height: w.top, fill: 'panel' });
  marks.push({ kind: 'rect', x: 0, y: 0, width: w.left, height: w.height, fill: 'panel' });
  marks.push(...(w.cell >= LABELLED_CELL ? tokenLabels(data) : positions(w, selected)));
  marks.push({ kind: 'rect', x: w.left - 0.5, y: w.top - 0.5, width: right - w.left + 0.5, height: bottom - w.top + 0.5, stroke: 'line' });
  return { width: w.width, height: w.height, title: data.title, marks };
}

/** Thin lines over what no query may see, x + y constant along each. */
function hatching(w: MatrixWindow, right: number, bottom: number): Mark {
  const points: number[] = [];
  const step = 7;
  // The diagonal's line in the view: y − x = lean.
  const lean = w.top - w.scrollY - (w.left - w.scrollX);
  const first = Math.ceil((w.left + w.top) / step) * step;
  for (let sum = first; sum <= right + bottom; sum += step) {
    const fromX = Math.min(right, sum - w.top);
    const toX = Math.max(w.left, sum - bottom, (sum - lean) / 2);
    if (toX < fromX) points.push(fromX, sum - fromX, toX, sum - toX);
  }
  return { kind: 'line', points, curve: 'segments', stroke: 'line', width: 1 };
}

function grid(w: MatrixWindow, right: number, bottom: number): Mark {
  const points: number[] = [];
  for (let x = w.left - (w.scrollX % w.cell) + w.cell; x < right; x += w.cell) points.push(x, w.top, x, bottom);
  for (let y = w.top - (w.scrollY % w.cell) + w.cell; y < bottom; y += w.cell) points.push(w.left, y, right, y);
  return { kind: 'line', points, curve: 'segments', stroke: 'panel', width: 1, opacity: 0.6 };
}

function crosshair(w: MatrixWindow, row: number, column: number, right: number, bottom: number): Mark[] {
  const x = w.left + column * w.cell - w.scrollX;
  const y = w.top + row * w.cell - w.scrollY;
  const side = Math.max(w.cell, 4);
  const bars: number[] = [];
  if (y >= w.top && y <= bottom) bars.push(w.left, y, right, y, w.left, y + w.cell, right, y + w.cell);
  if (x >= w.left && x <= right) bars.push(x, w.top, x, bottom, x + w.cell, w.top, x + w.cell, bottom);
  return [
    { kind: 'line', points: bars, curve: 'segments', stroke: 'accent', width: 1, opacity: 0.55 },
    { kind: 'rect', x: x - 0.5, y: y - 0.5, width: side + 1, height: side + 1, stroke: 'accent', strokeWidth: 2.5, radius: 1.5 },
  ];
}

function labelSize(cell: number): number {
  return Math.max(8.5, Math.min(12.5, cell - 0.5));
}

function tokenLabels({ window: w, rowLabels, columnLabels, selected }: MatrixData): Mark[] {
  const size = labelSize(w.cell);
  const marks: Mark[] = [];
  const common = { kind: 'text', size, mono: true } as const;
  const rowTexts = edgeLabels(rowLabels).short;
  const { short: columnTexts, upright } = edgeLabels(columnLabels);
  const drop = w.cell / 2 + size * 0.35;
  const firstRow = Math.floor(w.scrollY / w.cell);
  const firstColumn = Math.floor(w.scrollX / w.cell);
  for (let row = firstRow; row < w.rows; row++) {
    const y = w.top + row * w.cell - w.scrollY;
    if (y > w.height) break;
    if (y + w.cell / 2 < w.top) continue;
    const chosen = row === selected?.row;
    if (chosen) marks.push({ kind: 'rect', x: 0, y, width: w.left - 3, height: w.cell, fill: 'accent', opacity: 0.14, radius: 2 });
    marks.push({ ...common, x: w.left - 6, y: y + drop, text: rowTexts[row] ?? '', anchor: 'end', ...emphasis(chosen) });
  }
  for (let column = firstColumn; column < w.columns; column++) {
    const x = w.left + column * w.cell - w.scrollX;
    if (x > w.width) break;
    if (x + w.cell / 2 < w.left) continue;
    const chosen = column === selected?.column;
    const text = columnTexts[column] ?? '';
    if (chosen) marks.push({ kind: 'rect', x, y: 0, width: w.cell, height: w.top - 3, fill: 'accent', opacity: 0.14, radius: 2 });
    marks.push(
      upright
        ? { ...common, x: x + w.cell / 2, y: w.top - 6, text, anchor: 'middle', ...emphasis(chosen) }
        : { ...common, x: x + drop, y: w.top - 6, text, upwards: true, ...emphasis(chosen) },
    );
  }
  return marks;
}

function emphasis(chosen: boolean): Pick<Label, 'fill' | 'bold'> {
  return chosen ? { fill: 'accent', bold: true } : { fill: 'quiet' };
}

/** Positions instead of tokens, where a token's text would not fit. */
function positions(w: MatrixWindow, selected: { readonly row: number; readonly column: number } | undefined): Mark[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((s) => s * w.cell >= 44) ?? 10_000;
  const marks: Mark[] = [];
  const common = { kind: 'text', size: 11, mono: false } as const;
  const near = (a: number, b: number | undefined): boolean => b !== undefined && Math.abs(a - b) * w.cell < 24;
  for (let row = Math.ceil(w.scrollY / w.cell / step) * step; row < w.rows; row += step) {
    const y = w.top + (row + 0.5) * w.cell - w.scrollY;
    if (y > w.height) break;
    if (!near(row, selected?.row)) marks.push({ ...common, x: w.left - 6, y: y + 4, text: String(row), anchor: 'end', fill: 'quiet' });
  }
  for (let column = Math.ceil(w.scrollX / w.cell / step) * step; column < w.columns; column += step) {
    const x = w.left + (column + 0.5) * w.cell - w.scrollX;
    if (x > w.width) break;
    if (!near(column, selected?.column)) marks.push({ ...common, x, y: w.top - 6, text: String(column), anchor: 'middle', fill: 'quiet' });
  }
  if (selected) {
    const y = w.top + (selected.row + 0.5) * w.cell - w.scrollY;
    const x = w.left + (selected.column + 0.5) * w.cell - w.scrollX;
    marks.push({ ...common, x: w.left - 6, y: y + 4, text: String(selected.row), anchor: 'end', fill: 'accent', bold: true });
    marks.push({ ...common, x, y: w.top - 6, text: String(selected.column), anchor: 'middle', fill: 'accent', bold: true });
  }
  return marks;
}
