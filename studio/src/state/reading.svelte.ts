import type { AttentionValue, Matrix } from '#dist/server/protocol/index.js';
import type { MatrixTile } from '../scenes/matrix.js';
import { TILE, type TileAddress } from '../scenes/window.js';
import { Latest } from './latest.js';
import type { Session } from './session.svelte.js';
import { type Shown, sidesOf } from './shown.js';
import { Tiles } from './tiles.js';

/** Cells of a thumbnail along an edge. */
const THUMBNAIL = 48;

export interface HeadPlace {
  readonly layer: number;
  readonly head: number;
  readonly value: AttentionValue;
}

/** The numbers of what is shown, as far as they were asked for. */
export class Reading {
  /** One per layer, [heads, rows, columns]. */
  thumbnails = $state.raw<readonly (Matrix | undefined)[]>([]);
  /** Whose thumbnails these are. */
  thumbnailsOf = $state.raw<Shown | undefined>(undefined);
  /** The row or column of a head that colours the text; whose. */
  line = $state.raw<
    | {
        readonly values: Float32Array;
        readonly shown: Shown;
        readonly place: HeadPlace;
        readonly token: number;
        readonly along: 'row' | 'column';
      }
    | undefined
  >(undefined);
  /** Counts the tiles that came: what draws tiles looks at it. */
  arrivals = $state(0);
  readonly tiles: Tiles;
  readonly #thumbnails = new Latest();
  readonly #line = new Latest();

  constructor(private readonly session: Session) {
    this.tiles = new Tiles(session.client, () => this.arrivals++, session.failed);
  }

  /** Nothing is shown. */
  clear(): void {
    this.#thumbnails.stop();
    this.#line.stop();
    this.thumbnails = [];
    this.thumbnailsOf = undefined;
    this.line = undefined;
  }

  async loadThumbnails(shown: Shown, value: AttentionValue): Promise<void> {
    await this.#thumbnails.run(async (signal) => {
      let layers: (Matrix | undefined)[] = [];
      let frame: number | undefined;
      const show = (): void => {
        frame = undefined;
        if (signal.aborted) return;
        this.thumbnails = layers;
        this.thumbnailsOf = shown;
      };
      await this.session.client.ask(
        'read.thumbnails',
        { ...shown.ref, value, size: THUMBNAIL },
        {
          signal,
          onEvent: ({ layer, values }) => {
            layers = [...layers];
            layers[layer] = values;
            frame ??= requestAnimationFrame(show);
          },
        },
      );
      if (frame !== undefined) cancelAnimationFrame(frame);
      show();
    });
  }

  async loadLine(shown: Shown, place: HeadPlace, token: number, along: 'row' | 'column'): Promise<void> {
    const local = this.#localLine(shown, place, token, along);
    if (local) {
      this.#line.stop();
      this.line = { values: local, shown, place, token, along };
      return;
    }
    await this.#line.run(async (signal) => {
      const { values } = await this.session.client.ask('read.line', { ...shown.ref, ...place, token, along }, { signal });
      if (!signal.aborted) this.line = { values, shown, place, token, along };
    });
  }

  /** A line out of a tile that holds the whole matrix. */
  #localLine(shown: Shown, place: HeadPlace, token: number, along: 'row' | 'column'): Float32Array | undefined {
    const { rows, columns } = sidesOf(shown, place.layer);
    if (rows.length > TILE || columns.length > TILE) return undefined;
    const tile = this.tiles.holding({ ...shown.ref, ...place }, { row: 0, column: 0, rows: rows.length, columns: columns.length, pool: 1 });
    if (!tile) return undefined;
    if (along === 'row') return tile.values.slice(token * columns.length, (token + 1) * columns.length);
    return Float32Array.from(rows, (_, row) => tile.values[row * columns.length + token] as number);
  }

  /** The tiles of a head that are here; the others are on their way. */
  want(shown: Shown, place: HeadPlace, tiles: readonly TileAddress[]): MatrixTile[] {
    return this.tiles.want({ ...shown.ref, ...place }, tiles);
  }
}
