/** Where a matrix of tokens is looked at: all pixels are CSS pixels. */
export interface MatrixWindow {
  readonly rows: number;
  readonly columns: number;
  /** The room of the whole view, labels and all. */
  readonly width: number;
  readonly height: number;
  /** Room for the labels of rows, left, and of columns, on top. */
  readonly left: number;
  readonly top: number;
  /** Pixels a cell. */
  readonly cell: number;
  /** How far the cells are scrolled, in pixels. */
  readonly scrollX: number;
  readonly scrollY: number;
}

/** The most pixels that a cell is drawn with where all fit. */
export const LARGEST_CELL = 34;
/** From this size on a cell's row and column can be labelled. */
export const LABELLED_CELL = 8;
export const MAXIMUM_CELL = 64;

/** Pixels a cell, for all cells to be seen at once. */
export function fittingCell(w: Pick<MatrixWindow, 'rows' | 'columns' | 'width' | 'height' | 'left' | 'top'>): number {
  const fit = Math.min((w.width - w.left - 1) / Math.max(1, w.columns), (w.height - w.top - 1) / Math.max(1, w.rows));
  if (fit >= LARGEST_CELL) return LARGEST_CELL;
  return fit >= 2 ? Math.floor(fit) : Math.max(fit, 0.01);
}

/** The window with its scroll kept where there are cells. */
export function clamped(w: MatrixWindow): MatrixWindow {
  const roomX = Math.max(0, w.columns * w.cell - (w.width - w.left));
  const roomY = Math.max(0, w.rows * w.cell - (w.height - w.top));
  return { ...w, scrollX: Math.min(Math.max(0, w.scrollX), roomX), scrollY: Math.min(Math.max(0, w.scrollY), roomY) };
}

/** The window zoomed about a point of the view. */
export function zoomed(w: MatrixWindow, factor: number, x: number, y: number): MatrixWindow {
  const smallest = Math.min(fittingCell(w), w.cell);
  const cell = Math.min(MAXIMUM_CELL, Math.max(smallest, w.cell * factor));
  const ratio = cell / w.cell;
  const scroll = (offset: number, at: number, edge: number): number => (offset + at - edge) * ratio - (at - edge);
  return clamped({ ...w, cell, scrollX: scroll(w.scrollX, x, w.left), scrollY: scroll(w.scrollY, y, w.top) });
}

/** The window scrolled as little as it takes for a cell to be seen. */
export function showing(w: MatrixWindow, row: number, column: number): MatrixWindow {
  const along = (scroll: number, at: number, room: number): number => {
    const margin = Math.min(w.cell * 1.5, room / 3);
    return Math.min(Math.max(scroll, (at + 1) * w.cell + margin - room), Math.max(0, at * w.cell - margin));
  };
  return clamped({
    ...w,
    scrollX: along(w.scrollX, column, w.width - w.left),
    scrollY: along(w.scrollY, row, w.height - w.top),
  });
}

/** The cell under a point of the view, or undefined. */
export function cellAt(w: MatrixWindow, x: number, y: number): { row: number; column: number } | undefined {
  if (x < w.left || y < w.top) return undefined;
  const column = Math.floor((x - w.left + w.scrollX) / w.cell);
  const row = Math.floor((y - w.top + w.scrollY) / w.cell);
  return row >= 0 && row < w.rows && column >= 0 && column < w.columns ? { row, column } : undefined;
}

/** Cells along an edge of a tile; the tiles of a pool of p hold p × as many tokens. */
export const TILE = 128;

/** A part of a matrix: cell (i, j) of it is the value of largest magnitude of pool × pool values from (row, column) on. */
export interface TileAddress {
  readonly row: number;
  readonly column: number;
  /** Values it spans, not cells. */
  readonly rows: number;
  readonly columns: number;
  readonly pool: number;
}

/** How many values along an edge one drawn cell stands for: a power of two, 1 where cells are at least a pixel. */
export function poolOf(cell: number): number {
  return cell >= 1 ? 1 : 2 ** Math.ceil(Math.log2(1 / cell));
}

/** The tiles that a window shows, row by row. `margin` cells around are included. */
export function visibleTiles(w: MatrixWindow, margin = 0): TileAddress[] {
  const pool = poolOf(w.cell);
  const span = TILE * pool;
  const range = (scroll: number, room: number, count: number): [number, number] => [
    Math.max(0, Math.floor((scroll / w.cell - margin) / span)),
    Math.min(Math.ceil(count / span), Math.ceil(((scroll + room) / w.cell + margin) / span)),
  ];
  const [firstRow, lastRow] = range(w.scrollY, w.height - w.top, w.rows);
  const [firstColumn, lastColumn] = range(w.scrollX, w.width - w.left, w.columns);
  const tiles: TileAddress[] = [];
  for (let i = firstRow; i < lastRow; i++)
    for (let j = firstColumn; j < lastColumn; j++)
      tiles.push({
        row: i * span,
        column: j * span,
        rows: Math.min(span, w.rows - i * span),
        columns: Math.min(span, w.columns - j * span),
        pool,
      });
  return tiles;
}
