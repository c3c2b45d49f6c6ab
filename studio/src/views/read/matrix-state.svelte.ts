import { type MatrixTile, matrixEdges, matrixScene } from '../../scenes/matrix.js';
import type { Scene } from '../../scenes/scene.js';
import { cellAt, clamped, fittingCell, type MatrixWindow, showing, visibleTiles, zoomed } from '../../scenes/window.js';
import type { App } from '../../state/app.svelte.js';
import { scaleTop } from '../../state/scale.js';
import { type Shown, textsOf } from '../../state/shown.js';

/** One head's matrix as far as its numbers have come: what is drawn until those of the next are here. */
interface Picture {
  readonly key: string;
  readonly shown: Shown;
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  readonly tiles: readonly MatrixTile[];
  readonly causal: boolean;
  readonly top: number;
}

/** The large matrix: which part of it is looked at, and its tiles. */
export class MatrixState {
  width = $state(0);
  height = $state(0);
  /** Pixels a cell; undefined: so that all is seen. */
  #cell = $state<number | undefined>(undefined);
  #scrollX = $state(0);
  #scrollY = $state(0);
  picture = $state.raw<Picture | undefined>(undefined);

  constructor(private readonly app: App) {}

  /** The window over matrices of a size. */
  #windowOf(rowLabels: readonly string[], columnLabels: readonly string[]): MatrixWindow {
    const { width, height } = this;
    const rows = rowLabels.length;
    const columns = columnLabels.length;
    const edges =
      this.#cell === undefined
        ? matrixEdges(rowLabels, columnLabels, Math.min(width - 60, height - 60))
        : edgesAt(this.#cell, rowLabels, columnLabels);
    const bare: MatrixWindow = { rows, columns, width, height, ...edges, cell: 1, scrollX: this.#scrollX, scrollY: this.#scrollY };
    return clamped({ ...bare, cell: this.#cell ?? fittingCell(bare) });
  }

  readonly window: MatrixWindow | undefined = $derived(
    this.picture && this.width > 0 ? this.#windowOf(this.picture.rowLabels, this.picture.columnLabels) : undefined,
  );

  readonly scene: Scene | undefined = $derived.by(() => {
    const { picture, window, app } = this;
    if (!picture || !window) return undefined;
    return matrixScene({
      title: this.title,
      window,
      rowLabels: picture.rowLabels,
      columnLabels: picture.columnLabels,
      tiles: picture.tiles,
      top: picture.top,
      causal: picture.causal,
      selected: app.look.query < window.rows && app.look.key < window.columns ? { row: app.look.query, column: app.look.key } : undefined,
      marked: markedCells(app),
    });
  });

  title = $derived.by(() => {
    const { attention, head, value } = this.app.look;
    return `${attention?.path ?? ''}.${value} [${head}]`;
  });

  /** Whether there is more than is seen. */
  readonly overflows: boolean = $derived.by(() => {
    const w = this.window;
    return w !== undefined && (w.columns * w.cell > w.width - w.left + 0.5 || w.rows * w.cell > w.height - w.top + 0.5);
  });

  /** Asks for the tiles that are seen, and takes those that are here. An effect: it is called when anything it reads changes. */
  refresh(): void {
    const { app } = this;
    const { shown, layer, head, value, sides } = app.look;
    void app.reading.arrivals;
    if (!shown && !app.subject.run) this.picture = undefined;
    if (!shown || this.width === 0 || sides.rows.length === 0) return;
    const rowLabels = textsOf(sides.rows);
    const columnLabels = textsOf(sides.columns);
    const window = this.#windowOf(rowLabels, columnLabels);
    const tiles = app.reading.want(shown, { layer, head, value }, visibleTiles(window, 8));
    const key = `${shown.ref.run} ${shown.ref.minus ?? ''} ${layer} ${head} ${value}`;
    // Until the first tile of another matrix is here, the last one stays.
    if (tiles.length === 0 && this.#keyDrawn !== key) return;
    this.#keyDrawn = key;
    const isDifference = shown.isDifference;
    const causal = (shown.attention[layer]?.causal ?? false) && rowLabels.length === columnLabels.length;
    const top = Math.max(this.#thumbnailTop(shown, layer, head), ...tiles.map((tile) => scaleTop(tile.values, value, isDifference)));
    this.picture = { key, shown, rowLabels, columnLabels, tiles, causal, top: top > 0 ? top : 1 };
  }
  #keyDrawn = '';

  /** The scale's end of the whole head, as its thumbnail has it: so the colours do not change while one pans. */
  #thumbnailTop(shown: Shown, layer: number, head: number): number {
    const { reading } = this.app;
    const { value } = this.app.look;
    const matrix =
      reading.thumbnailsOf?.ref.run === shown.ref.run && reading.thumbnailsOf.ref.minus === shown.ref.minus
        ? reading.thumbnails[layer]
        : undefined;
    if (!matrix) return 0;
    const size = (matrix.shape[1] as number) * (matrix.shape[2] as number);
    return scaleTop(matrix.data.subarray(head * size, (head + 1) * size), value, shown.isDifference);
  }

  /** Zooms about a point of the view; about the chosen cell where none is given. */
  zoom(factor: number, atX?: number, atY?: number): void {
    if (!this.window) return;
    const { left, top, cell, scrollX, scrollY } = this.window;
    const x = atX ?? Math.min(this.width, Math.max(left, left + (this.app.look.key + 0.5) * cell - scrollX));
    const y = atY ?? Math.min(this.height, Math.max(top, top + (this.app.look.query + 0.5) * cell - scrollY));
    const next = zoomed(this.window, factor, x, y);
    const fits = next.cell <= fittingCell(next) * 1.001;
    this.#take(next);
    if (fits) this.fit();
  }

  fit(): void {
    this.#cell = undefined;
    this.#scrollX = 0;
    this.#scrollY = 0;
  }

  pan(x: number, y: number): void {
    if (this.window) this.#take(clamped({ ...this.window, scrollX: this.window.scrollX + x, scrollY: this.window.scrollY + y }));
  }

  /** Scrolls to the chosen cell, as little as it takes. */
  reveal(): void {
    if (this.window && this.overflows) this.#take(showing(this.window, this.app.look.query, this.app.look.key));
  }

  cellAt(x: number, y: number): { row: number; column: number } | undefined {
    return this.window && cellAt(this.window, x, y);
  }

  /** The weight of a cell, where a tile with it is here at full detail. */
  weightAt(row: number, column: number): number | undefined {
    for (const tile of this.picture?.tiles ?? []) {
      if (tile.pool !== 1 || row < tile.row || column < tile.column || row >= tile.row + tile.rows || column >= tile.column + tile.columns)
        continue;
      return tile.values[(row - tile.row) * tile.columns + column - tile.column];
    }
    return undefined;
  }

  #take(window: MatrixWindow): void {
    if (window.cell !== this.window?.cell) this.#cell = window.cell;
    this.#scrollX = window.scrollX;
    this.#scrollY = window.scrollY;
  }
}

function edgesAt(cell: number, rowLabels: readonly string[], columnLabels: readonly string[]): { left: number; top: number } {
  // As if exactly as many cells were there as make this size fit.
  return matrixEdges(rowLabels, columnLabels, cell * Math.max(rowLabels.length, columnLabels.length));
}

/** Cells of this head that a change cuts or sets. */
function markedCells(app: App): (readonly [number, number])[] {
  const path = app.look.attention?.path;
  if (path === undefined || app.look.value !== 'pattern') return [];
  return app.changes.active.flatMap(({ intervention }) =>
    intervention.kind === 'cut' && intervention.at.startsWith(path) && (intervention.heads?.includes(app.look.head) ?? true)
      ? [...intervention.edges]
      : [],
  );
}
