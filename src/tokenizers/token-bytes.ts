import { unspelled } from './byte-alphabet.js';

/** The bytes of every token of a vocabulary, behind one another: one array instead of as many as there are tokens. */
export class TokenBytes {
  readonly #bytes: Uint8Array;
  /** By id, where a token's bytes end. */
  readonly #ends: Int32Array;

  /** @param utf8 whether a token is written as text, not in the alphabet of bytes */
  constructor(vocabulary: readonly string[], utf8: (id: number) => boolean) {
    this.#ends = new Int32Array(vocabulary.length);
    // UTF-8 takes at most three bytes for a unit of a string.
    const most = vocabulary.reduce((sum, token, id) => sum + (utf8(id) ? 3 : 1) * token.length, 0);
    const bytes = new Uint8Array(most);
    const encoder = new TextEncoder();
    let end = 0;
    for (const [id, token] of vocabulary.entries()) {
      if (utf8(id)) end += encoder.encodeInto(token, bytes.subarray(end)).written;
      else for (let at = 0; at < token.length; at++) bytes[end++] = unspelled(token, at);
      this.#ends[id] = end;
    }
    this.#bytes = bytes;
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
