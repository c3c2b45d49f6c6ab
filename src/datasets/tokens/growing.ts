import type { TokenSink } from './encode.js';

/** Arrays shorter than this are copied together: a table has many rows, and each array costs more than its ids. */
const short = 2 ** 12;
const blockLength = 2 ** 16;

/** Gathers ids in memory. Long arrays are kept as they are. */
export class GrowingTokens implements TokenSink {
  length = 0;
  #parts: Int32Array[] = [];
  #block = new Int32Array(blockLength);
  #filled = 0;

  add(ids: Int32Array): undefined {
    this.length += ids.length;
    if (ids.length >= short || this.#filled + ids.length > blockLength) this.#endBlock();
    if (ids.length >= short) {
      this.#parts.push(ids);
      return;
    }
    this.#block.set(ids, this.#filled);
    this.#filled += ids.length;
  }

  #endBlock(): void {
    if (this.#filled > 0) this.#parts.push(this.#block.slice(0, this.#filled));
    this.#filled = 0;
  }

  /** All of them. */
  ids(): Int32Array {
    this.#endBlock();
    const [only] = this.#parts;
    if (only !== undefined && this.#parts.length === 1) return only;
    const all = new Int32Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
