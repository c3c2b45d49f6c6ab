import { Heap } from './heap.js';
import { IntList } from './int-list.js';
import { PairTable } from './pair-table.js';

/** Words as rows of token ids, with how often each occurs. */
export interface CountedWords {
  /** The tokens of all words, one word after the other. */
  readonly symbols: IntList;
  /** Where each word ends in `symbols`. */
  readonly ends: IntList;
  readonly counts: readonly number[];
}

/**
 * Learns merges (Sennrich et al. 2016, algorithm 1): the most frequent pair of neighbours in the words becomes one
 * token, over and over. Of equally frequent pairs the one with the lower left id comes first, then the lower right.
 *
 * Counts are kept up to date rather than counted again: each pair knows the places where it stood, and a merge touches
 * only those. A queue holds every pair with the count it had when queued; since counts of old pairs only fall, a pair
 * that comes out with too high a count is queued again.
 */
export class MergeLearner {
  readonly #symbols: Int32Array;
  /** The place of the next token in the word, −1 at its end; and of the one before. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** How often the word at a place occurs. */
  readonly #weights: Float64Array;
  readonly #pairs = new PairTable(4096);
  #counts = new Float64Array(4096);
  /** By pair: its latest place in the chains below, −1 for none. */
  #chains = new Int32Array(4096);
  /** Places where pairs stood, chained by pair: the place, and the link before it. */
  readonly #places = new IntList();
  readonly #links = new IntList();
  readonly #queuedPair = new IntList();
  #queuedCount = new Float64Array(4096);
  readonly #queue = new Heap((a, b) => this.#comesBefore(a, b));

  constructor({ symbols, ends, counts }: CountedWords) {
    this.#symbols = symbols.toArray();
    this.#next = new Int32Array(symbols.length);
    this.#previous = new Int32Array(symbols.length);
    this.#weights = new Float64Array(symbols.length);
    for (let word = 0, start = 0; word < ends.length; word++) {
      const end = ends.data[word] as number;
      for (let at = start; at < end; at++) {
        this.#next[at] = at + 1 < end ? at + 1 : -1;
        this.#previous[at] = at > start ? at - 1 : -1;
        this.#weights[at] = counts[word] as number;
      }
      start = end;
    }
    for (let at = 0; at < this.#symbols.length; at++) if ((this.#next[at] as number) >= 0) this.#count(at);
    for (let pair = 0; pair < this.#pairs.size; pair++) this.#enqueue(pair);
  }

  /**
   * Merges the most frequent pair everywhere.
   *
   * @param name gives the id of what the pair (left, right) becomes
   * @returns whether there was a pair that occurs at least `minFrequency` times
   */
  step(minFrequency: number, name: (left: number, right: number) => number): boolean {
    const pair = this.#mostFrequent();
    if (pair < 0 || (this.#counts[pair] as number) < minFrequency) return false;
    const left = this.#pairs.first(pair);
    const right = this.#pairs.second(pair);
    const merged = name(left, right);
    // Most are new; but a token that two pairs make can give an old pair new places.
    const touched = new Set<number>();
    for (const at of this.#placesOf(pair)) {
      const after = this.#next[at] as number;
      // What stood there may have been merged since with a neighbour, or be the same place twice.
      if (after < 0 || this.#symbols[at] !== left || this.#symbols[after] !== right) continue;
      this.#mergeAt(at, after, merged, touched);
    }
    this.#counts[pair] = 0;
    this.#chains[pair] = -1;
    for (const other of touched) if ((this.#counts[other] as number) > 0) this.#enqueue(other);
    return true;
  }

  #mergeAt(at: number, after: number, merged: number, touched: Set<number>): void {
    const symbols = this.#symbols;
    const before = this.#previous[at] as number;
    const beyond = this.#next[after] as number;
    const weight = this.#weights[at] as number;
    if (before >= 0) this.#lose(symbols[before] as number, symbols[at] as number, weight);
    if (beyond >= 0) this.#lose(symbols[after] as number, symbols[beyond] as number, weight);
    symbols[at] = merged;
    symbols[after] = -1;
    this.#next[at] = beyond;
    this.#next[after] = -1;
    if (beyond >= 0) this.#previous[beyond] = at;
    if (before >= 0) touched.add(this.#count(before));
    if (beyond >= 0) touched.add(this.#count(at));
  }

  #lose(left: number, right: number, weight: number): void {
    const pair = this.#pairs.find(left, right);
    this.#counts[pair] = (this.#counts[pair] as number) - weight;
  }

  /** Counts the pair at a place and remembers the place. */
  #count(at: number): number {
    const known = this.#pairs.size;
    const pair = this.#pairs.put(this.#symbols[at] as number, this.#symbols[this.#next[at] as number] as number);
    if (pair === known) {
      if (pair === this.#counts.length) {
        this.#counts = doubled(this.#counts, Float64Array);
        this.#chains = doubled(this.#chains, Int32Array);
      }
      this.#chains[pair] = -1;
    }
    this.#counts[pair] = (this.#counts[pair] as number) + (this.#weights[at] as number);
    this.#links.push(this.#chains[pair] as number);
    this.#chains[pair] = this.#places.length;
    this.#places.push(at);
    return pair;
  }

  /** In ascending order, so that of `aaa` the first two merge. */
  #placesOf(pair: number): Int32Array {
    const places = new IntList();
    for (let link = this.#chains[pair] as number; link >= 0; link = this.#links.data[link] as number) {
      places.push(this.#places.data[link] as number);
    }
    return places.toArray().sort();
  }

  #enqueue(pair: number): void {
    const entry = this.#queuedPair.length;
    if (entry === this.#queuedCount.length) this.#queuedCount = doubled(this.#queuedCount, Float64Array);
    this.#queuedPair.push(pair);
    this.#queuedCount[entry] = this.#counts[pair] as number;
    this.#queue.push(entry);
  }

  #mostFrequent(): number {
    for (;;) {
      const entry = this.#queue.pop();
      if (entry === undefined) return -1;
      const pair = this.#queuedPair.data[entry] as number;
      const count = this.#counts[pair] as number;
      if (count === this.#queuedCount[entry]) return pair;
      if (count <= 0 || count > (this.#queuedCount[entry] as number)) continue; // gone, or queued again with more
      this.#queuedCount[entry] = count;
      this.#queue.push(entry);
    }
  }

  #comesBefore(a: number, b: number): boolean {
    const more = (this.#queuedCount[a] as number) - (this.#queuedCount[b] as number);
    if (more !== 0) return more > 0;
    const p = this.#queuedPair.data[a] as number;
    const q = this.#queuedPair.data[b] as number;
    return (
      this.#pairs.first(p) - this.#pairs.first(q) < 0 ||
      (this.#pairs.first(p) === this.#pairs.first(q) && this.#pairs.second(p) < this.#pairs.second(q))
    );
  }
}

function doubled<A extends Int32Array | Float64Array>(from: A, make: new (length: number) => A): A {
  const larger = new make(from.length * 2);
  larger.set(from);
  return larger;
}
