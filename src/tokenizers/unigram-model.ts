import { ByteTrie } from './byte-trie.js';
import type { IntList } from './int-list.js';
import type { WordModel } from './word-model.js';

/** A token of a unigram vocabulary: its bytes, and the logarithm of its probability. */
export interface ScoredPiece {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly score: number;
}

/**
 * The most probable segmentation of a word under a unigram language model (Kudo 2018, equation 1): the one with the
 * largest sum of scores, by Viterbi's algorithm. Of equal ones, the longer last token wins, as in Hugging Face's readers.
 */
export class UnigramModel implements WordModel {
  readonly #trie: ByteTrie;
  /** By node: the id of the piece that ends there, −1 for none. */
  readonly #pieces: Int32Array;
  readonly #scores: Float64Array;
  #best = new Float64Array(65);
  #from = new Int32Array(65);
  #piece = new Int32Array(65);

  /** @param pieces distinct; every single byte must be among them */
  constructor(pieces: readonly ScoredPiece[]) {
    this.#trie = new ByteTrie(pieces.length * 2);
    const nodes = pieces.map((p) => this.#trie.add(p.bytes));
    this.#pieces = new Int32Array(this.#trie.size).fill(-1);
    this.#scores = new Float64Array(this.#trie.size);
    pieces.forEach(({ id, score }, i) => {
      const node = nodes[i] as number;
      this.#pieces[node] = id;
      this.#scores[node] = score;
    });
  }

  /** @param longest leaves out pieces of more bytes than this */
  encode(bytes: Uint8Array, length: number, out: IntList, longest = length): void {
    if (length >= this.#best.length) {
      this.#best = new Float64Array(length * 2);
      this.#from = new Int32Array(length * 2);
      this.#piece = new Int32Array(length * 2);
    }
    const best = this.#best;
    const from = this.#from;
    const piece = this.#piece;
    from.fill(-1, 0, length + 1);
    best[0] = 0;
    for (let at = 0; at < length; at++) {
      const here = best[at] as number;
      let node = 0;
      const most = Math.min(length, at + longest);
      for (let end = at + 1; end <= most; end++) {
        node = this.#trie.child(node, bytes[end - 1] as number);
        if (node === 0) break;
        const id = this.#pieces[node] as number;
        if (id < 0) continue;
        const score = here + (this.#scores[node] as number);
        if (from[end] !== -1 && !(score > (best[end] as number))) continue;
        best[end] = score;
        from[end] = at;
        piece[end] = id;
      }
    }
    const start = out.length;
    for (let at = length; at > 0; at = from[at] as number) out.push(piece[at] as number);
    out.data.subarray(start, out.length).reverse();
  }
}
