import { PairTable } from './pair-table.js';

/** A tree of byte strings. Nodes are numbered; the root, the empty string, is 0. */
export class ByteTrie {
  readonly #edges: PairTable;

  /** @param capacity nodes there is room for at first */
  constructor(capacity = 1024) {
    this.#edges = new PairTable(capacity);
  }

  /** Nodes, with the root. */
  get size(): number {
    return this.#edges.size + 1;
  }

  /** The node one byte further, 0 where there is none. */
  child(node: number, byte: number): number {
    return this.#edges.find(node, byte) + 1;
  }

  /** The node one byte further, made where there was none: it is `size` before the call then. */
  grow(node: number, byte: number): number {
    return this.#edges.put(node, byte) + 1;
  }

  /** The node of a string, made where there was none. */
  add(bytes: Iterable<number>): number {
    let node = 0;
    for (const byte of bytes) node = this.grow(node, byte);
    return node;
  }

  /** The string of a node. */
  bytes(node: number): Uint8Array {
    const reversed: number[] = [];
    for (let at = node; at > 0; at = this.#edges.first(at - 1)) reversed.push(this.#edges.second(at - 1));
    return Uint8Array.from(reversed.reverse());
  }
}
