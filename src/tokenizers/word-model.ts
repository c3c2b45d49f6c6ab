import type { IntList } from './int-list.js';

/** Cuts one word into tokens: the part in which byte-level vocabularies differ. */
export interface WordModel {
  /** Appends the ids of the first `length` of `bytes`, at least one, to `ids`. */
  encode(bytes: Uint8Array, length: number, ids: IntList): void;
}
