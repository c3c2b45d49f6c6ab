import { unspelled } from './byte-alphabet.js';

/** The bytes of every token of a vocabulary, behind one another: one array instead of as many as there are tokens. */
export class TokenBytes {
  readonly #bytes: Uint8Array;
  /** By id, where a token's bytes end. */
  readonly #ends: Int32Array;

  /** @param texts ids of tokens that are written as text, not in the alphabet of bytes */
  constructor(vocabulary: readonly string[], texts: ReadonlySet<number>) {
    const count = vocabulary.length;
    // UTF-8 takes at most three bytes for a unit of a string.
    let most = 0;
    for (let id = 0; id < count; id++) most += (texts.has(id) ? 3 : 1) * (vocabulary[id] as string).length;
    const bytes = new Uint8Array(most);
    const ends = new Int32Array(count);
    const encoder = new TextEncoder();
    let end = 0;
    for (let id = 0; id < count; id++) {
      const token = vocabulary[id] as string;
      if (texts.has(id)) end += encoder.encodeInto(token, bytes.subarray(end)).written;
      else for (let at = 0; at < token.length; at++) bytes[end++] = unspelled(token, at);
      ends[id] = end;
    }
    this.#bytes = bytes;
    this.#ends = ends;
  }

  /** A view of a token's bytes. */
  of(id: number): Uint8Array {
    return this.#bytes.subarray(this.#start(id), this.#ends[id]);
  }

  length(id: number): number {
    return (this.#ends[id] as number) - this.#start(id);
  }

  #start(id: number): number {
    return id === 0 ? 0 : (this.#ends[id - 1] as number);
  }
}
