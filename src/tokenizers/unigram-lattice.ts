import { IntList } from './int-list.js';
import type { ByteWords, Seeds } from './unigram-seeds.js';

/**
 * All the ways to cut words into pieces of a unigram language model, with what expectation–maximisation needs of them
 * (Kudo 2018, section 3.2). Pieces are numbered; the first 256 are the single bytes and always stay, so every word can
 * be written.
 */
export class UnigramLattice {
  /** The bytes of each piece. */
  readonly pieces: readonly Uint8Array[];
  /** The probability of each piece; they sum to 1. 0 for those dropped. */
  readonly probabilities: Float64Array;
  readonly #words: ByteWords;
  /** The pieces that begin at each place, shorter ones first: #arcs[#arcStarts[place] .. #arcStarts[place + 1]). */
  #arcs: Int32Array;
  readonly #arcStarts: Int32Array;
  /** The bytes in each piece. */
  readonly #lengths: Uint8Array;
  /** The mean of −ln p per byte at the last pass: what keeps products over a word near 1. */
  #natsPerByte = 0;

  constructor(words: ByteWords, { trie, nodes, counts }: Seeds) {
    this.#words = words;
    this.pieces = nodes.map((node) => trie.bytes(node));
    this.#lengths = Uint8Array.from(this.pieces, (p) => p.length);
    this.probabilities = new Float64Array(nodes.length);
    this.setCounts(Float64Array.from(counts, (count, piece) => count * (this.#lengths[piece] as number)));
    const pieceOf = new Int32Array(trie.size).fill(-1);
    nodes.forEach((node, piece) => {
      pieceOf[node] = piece;
    });
    const arcs = new IntList(words.bytes.length * 4);
    this.#arcStarts = new Int32Array(words.bytes.length + 1);
    for (let word = 0; word + 1 < words.starts.length; word++) {
      const end = words.starts[word + 1] as number;
      for (let at = words.starts[word] as number; at < end; at++) {
        this.#arcStarts[at] = arcs.length;
        let node = 0;
        for (let last = at; last < end; last++) {
          node = trie.child(node, words.bytes[last] as number);
          if (node === 0) break;
          const piece = pieceOf[node] as number;
          if (piece >= 0) arcs.push(piece);
        }
      }
    }
    this.#arcStarts[words.bytes.length] = arcs.length;
    this.#arcs = arcs.toArray();
  }

  /** Sets probabilities in proportion to counts; single bytes keep a little however rare they are. */
  setCounts(counts: Float64Array): void {
    let sum = 0;
    for (let piece = 0; piece < counts.length; piece++) {
      if (piece < 256) counts[piece] = Math.max(counts[piece] as number, leastByteCount);
      sum += counts[piece] as number;
    }
    for (let piece = 0; piece < counts.length; piece++) this.probabilities[piece] = (counts[piece] as number) / sum;
  }

  /**
   * The expectation step: how often each piece is used, over all segmentations of all words by their probability, by the
   * forward–backward algorithm.
   *
   * @returns the expected counts, and the log-likelihood of the words (natural logarithm)
   */
  expect(): { counts: Float64Array; logLikelihood: number } {
    const { starts, counts: frequencies } = this.#words;
    const expected = new Float64Array(this.pieces.length);
    // Every segmentation of a word covers each byte once, so a factor per byte cancels out of all ratios.
    const weights = this.probabilities.map((p, piece) => p * Math.exp(this.#natsPerByte * (this.#lengths[piece] as number)));
    const forward = new Float64Array(longestWord + 1);
    const backward = new Float64Array(longestWord + 1);
    let logLikelihood = 0;
    let total = 0;
    for (let word = 0; word < frequencies.length; word++) {
      const start = starts[word] as number;
      const length = (starts[word + 1] as number) - start;
      const frequency = frequencies[word] as number;
      const mass = this.#forward(start, length, weights, forward);
      logLikelihood += frequency * (Math.log(mass) - this.#natsPerByte * length);
      total += frequency * length;
      const scale = frequency / mass;
      backward[length] = 1;
      for (let at = length - 1; at >= 0; at--) {
        const ahead = (forward[at] as number) * scale;
        let sum = 0;
        for (let arc = this.#arcStarts[start + at] as number; arc < (this.#arcStarts[start + at + 1] as number); arc++) {
          const piece = this.#arcs[arc] as number;
          const through = (weights[piece] as number) * (backward[at + (this.#lengths[piece] as number)] as number);
          expected[piece] = (expected[piece] as number) + ahead * through;
          sum += through;
        }
        backward[at] = sum;
      }
    }
    this.#natsPerByte = -logLikelihood / total;
    return { counts: expected, logLikelihood };
  }

  /** Removes pieces for good. @param keep by piece; single bytes stay whatever it says */
  drop(keep: (piece: number) => boolean): void {
    const kept = Uint8Array.from(this.pieces, (_, piece) => (piece < 256 || keep(piece) ? 1 : 0));
    this.probabilities.forEach((_, piece) => {
      if (kept[piece] === 0) this.probabilities[piece] = 0;
    });
    let to = 0;
    for (let place = 0, arc = 0; place + 1 < this.#arcStarts.length; place++) {
      const end = this.#arcStarts[place + 1] as number;
      this.#arcStarts[place] = to;
      for (; arc < end; arc++) if (kept[this.#arcs[arc] as number] === 1) this.#arcs[to++] = this.#arcs[arc] as number;
    }
    this.#arcStarts[this.#arcStarts.length - 1] = to;
    this.#arcs = this.#arcs.slice(0, to);
  }

  #forward(start: number, length: number, weights: Float64Array, forward: Float64Array): number {
    forward.fill(0, 0, length + 1);
    forward[0] = 1;
    for (let at = 0; at < length; at++) {
      const here = forward[at] as number;
      for (let arc = this.#arcStarts[start + at] as number; arc < (this.#arcStarts[start + at + 1] as number); arc++) {
        const piece = this.#arcs[arc] as number;
        const to = at + (this.#lengths[piece] as number);
        forward[to] = (forward[to] as number) + here * (weights[piece] as number);
      }
    }
    return forward[length] as number;
  }
}

/** Words are cut to this many bytes for learning, so that the probability of one stays within a double's range. */
export const longestWord = 32;

/** A byte that the texts hardly have counts as if it were seen half a time. */
const leastByteCount = 0.5;
