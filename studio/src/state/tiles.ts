import type { AttentionValue, RunRef } from '#dist/server/protocol/index.js';
import type { MatrixTile } from '../scenes/matrix.js';
import type { TileAddress } from '../scenes/window.js';
import { type Client, isCancelled } from './client.js';

/** One head's matrix, whose tiles are asked for. */
export interface TileSource extends RunRef {
  readonly layer: number;
  readonly head: number;
  readonly value: AttentionValue;
}

/** Requests on their way at once; more would only wait in the server. */
const AT_ONCE = 4;

/** Tiles of matrices: asked for when they are looked at, kept until there are too many bytes of them, the least recent let go first. */
export class Tiles {
  readonly #kept = new Map<string, MatrixTile>();
  readonly #asked = new Map<string, AbortController>();
  #wanted: { readonly key: string; readonly source: TileSource; readonly tile: TileAddress }[] = [];
  #bytes = 0;

  /**
   * @param arrived called after each tile @param failed called with what a request was refused with
   * @param limit bytes of tiles that are kept
   */
  constructor(
    private readonly client: Client,
    private readonly arrived: () => void,
    private readonly failed: (error: unknown) => void,
    private readonly limit = 64 * 2 ** 20,
  ) {}

  /** Those of the tiles that are here. The others are asked for, in order; what was wanted before and not begun is forgotten. */
  want(source: TileSource, tiles: readonly TileAddress[]): MatrixTile[] {
    const here: MatrixTile[] = [];
    this.#wanted = [];
    for (const tile of tiles) {
      const key = keyOf(source, tile);
      const kept = this.#kept.get(key);
      if (kept) {
        this.#kept.delete(key);
        this.#kept.set(key, kept);
        here.push(kept);
      } else if (!this.#asked.has(key)) this.#wanted.push({ key, source, tile });
    }
    this.#pump();
    return here;
  }

  /** The tile that holds a weight, if it is here at full detail. */
  holding(source: TileSource, tile: TileAddress): MatrixTile | undefined {
    return this.#kept.get(keyOf(source, tile));
  }

  /** Forgets all tiles. */
  clear(): void {
    for (const controller of this.#asked.values()) controller.abort();
    this.#wanted = [];
    this.#kept.clear();
    this.#bytes = 0;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  #pump(): void {
    while (this.#asked.size < AT_ONCE) {
      const next = this.#wanted.shift();
      if (!next) return;
      const controller = new AbortController();
      this.#asked.set(next.key, controller);
      this.#fetch(next.key, next.source, next.tile, controller)
        .catch((error: unknown) => {
          if (!isCancelled(error)) this.failed(error);
        })
        .finally(() => {
          this.#asked.delete(next.key);
          this.#pump();
        });
    }
  }

  async #fetch(key: string, source: TileSource, tile: TileAddress, { signal }: AbortController): Promise<void> {
    const { row, column, rows, columns, pool } = tile;
    const range = (from: number, count: number): [number, number] => [from / pool, Math.ceil((from + count) / pool)];
    const { values } = await this.client.ask(
      'read.tile',
      { ...source, rows: range(row, rows), columns: range(column, columns), level: Math.log2(pool) },
      { signal },
    );
    if (signal.aborted) return;
    this.#kept.set(key, { ...tile, values: values.data });
    this.#bytes += values.data.byteLength;
    for (const [oldest, { values: old }] of this.#kept) {
      if (this.#bytes <= this.limit || oldest === key) break;
      this.#kept.delete(oldest);
      this.#bytes -= old.byteLength;
    }
    this.arrived();
  }
}

function keyOf({ run, minus, layer, head, value }: TileSource, { row, column, pool }: TileAddress): string {
  return `${run} ${minus ?? ''} ${layer} ${head} ${value} ${pool} ${row} ${column}`;
}
