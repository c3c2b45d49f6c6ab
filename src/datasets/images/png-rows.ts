/** Every so many columns and rows of an image, from a first one on. */
export interface PngPass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly columns: number;
  readonly rows: number;
  /** Bytes of a row, without the one that names its filter. */
  readonly rowBytes: number;
}

/** Adam7: first column and row, and the steps to the next (PNG specification, 8.2). */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** In which order a file's pixels come: row by row, or in the passes that have any of an interlaced one's. */
export function pngPasses(size: { width: number; height: number; interlaced: boolean }, bitsPerPixel: number): PngPass[] {
  const { width, height, interlaced } = size;
  return (interlaced ? adam7 : ([[0, 0, 1, 1]] as const))
    .map(([x, y, dx, dy]) => ({ x, y, dx, dy, columns: Math.ceil((width - x) / dx), rows: Math.ceil((height - y) / dy) }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
    .map((pass) => ({ ...pass, rowBytes: Math.ceil((pass.columns * bitsPerPixel) / 8) }));
}

/** How many bytes the passes take before compression. */
export function rawLength(passes: readonly PngPass[]): number {
  return passes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
}

/**
 * Undoes a row's filter in place (PNG specification, 9.2): each byte was written as its difference from what is left of it,
 * above it, or between.
 * @param step bytes to the one of the same sample in the pixel before
 * @param above the row before, undone; zeros for the first
 * @throws Error: a filter that there is not
 */
export function undoFilter(filter: number, row: Uint8Array, above: Uint8Array, step: number): void {
  const guess = predictors[filter];
  if (guess === undefined) throw new Error(`filter ${filter}`);
  if (filter === 0) return;
  for (let i = 0; i < row.length; i++) {
    const left = i < step ? 0 : (row[i - step] as number);
    const corner = i < step ? 0 : (above[i - step] as number);
    row[i] = (row[i] as number) + guess(left, above[i] as number, corner);
  }
}

const predictors: readonly ((left: number, above: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, above) => above,
  (left, above) => (left + above) >> 1,
  paeth,
];

/** Of the three, the one nearest to left + above − corner (Paeth 1991). */
function paeth(left: number, above: number, corner: number): number {
  const a = Math.abs(above - corner);
  const b = Math.abs(left - corner);
  const c = Math.abs(left + above - 2 * corner);
  return a <= b && a <= c ? left : b <= c ? above : corner;
}
