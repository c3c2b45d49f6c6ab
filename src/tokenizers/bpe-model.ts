import { Heap } from './heap.js';
import type { IntList } from './int-list.js';
import type { PairTable } from './pair-table.js';
import type { WordModel } from './word-model.js';

/** Pairs of tokens that become one, by their ids, the most important first. */
export interface Merges {
  /** A pair's number is its rank. */
  readonly pairs: PairTable;
  /** What each becomes, by rank. */
  readonly merged: Int32Array;
}

/** Words are shorter than this, and ranks below 2²², so that rank · 2³¹ + place is exact in a double. */
const places = 2 ** 31;

/**
 * Byte-pair encoding of a word (Sennrich et al. 2016): from single bytes on, the pair of lowest rank is merged, of
 * equal ones the leftmost, until no neighbours have a merge. O(n log n) in the length of the word.
 */
export class BpeModel implements WordModel {
  readonly #byteIds: Int32Array;
  readonly #ranks: PairTable;
  readonly #merged: Int32Array;
  readonly #queue = new Heap((a, b) => a < b);
  #ids = new Int32Array(64);
  /** The place of the next live token, −1 at the end. */
  #next = new Int32Array(64);
  #previous = new Int32Array(64);

  /** @param byteIds [256] the id of each byte */
  constructor(byteIds: Int32Array, { pairs, merged }: Merges) {
    this.#byteIds = byteIds;
    this.#ranks = pairs;
    this.#merged = merged;
  }

  encode(bytes: Uint8Array, length: number, out: IntList): void {
    this.#begin(bytes, length);
    const ids = this.#ids;
    const next = this.#next;
    const previous = this.#previous;
    for (let key = this.#queue.pop(); key !== undefined; key = this.#queue.pop()) {
      const rank = Math.floor(key / places);
      const left = key - rank * places;
      const right = next[left] as number;
      // What was queued may have been merged away since, or have got another neighbour.
      if (right < 0 || this.#ranks.find(ids[left] as number, ids[right] as number) !== rank) continue;
      const after = next[right] as number;
      ids[left] = this.#merged[rank] as number;
      ids[right] = -1;
      next[left] = after;
      next[right] = -1;
      if (after >= 0) previous[after] = left;
      this.#queuePair(left);
      const before = previous[left] as number;
      if (before >= 0) this.#queuePair(before);
    }
    for (let at = 0; at >= 0; at = next[at] as number) out.push(ids[at] as number);
  }

  #begin(bytes: Uint8Array, length: number): void {
    if (length > this.#ids.length) {
      this.#ids = new Int32Array(length * 2);
      this.#next = new Int32Array(length * 2);
      this.#previous = new Int32Array(length * 2);
    }
    for (let at = 0; at < length; at++) {
      this.#ids[at] = this.#byteIds[bytes[at] as number] as number;
      this.#next[at] = at + 1 < length ? at + 1 : -1;
      this.#previous[at] = at - 1;
    }
    for (let at = 0; at + 1 < length; at++) this.#queuePair(at);
  }

  #queuePair(left: number): void {
    const right = this.#next[left] as number;
    if (right < 0) return;
    const rank = this.#ranks.find(this.#ids[left] as number, this.#ids[right] as number);
    if (rank >= 0) this.#queue.push(rank * places + left);
  }
}
