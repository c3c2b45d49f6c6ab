/**
 * Tokens from the likeliest on, of equal ones the lowest id first. A binary heap (Williams 1964): making it takes one
 * pass, each token log V; few of a large vocabulary are ever asked for, and sorting all would cost far more.
 */
export class Ranking {
  readonly #logits: Float32Array | Float64Array;
  readonly #heap: Int32Array;
  #size: number;

  constructor(logits: Float32Array | Float64Array) {
    this.#logits = logits;
    this.#heap = everyId(logits.length);
    this.#size = logits.length;
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** The next token, or undefined when all were named. */
  next(): number | undefined {
    if (this.#size === 0) return undefined;
    const first = this.#heap[0] as number;
    this.#heap[0] = this.#heap[--this.#size] as number;
    this.#sink(0);
    return first;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) return;
      if (child + 1 < this.#size && this.#before(heap[child + 1] as number, heap[child] as number)) child++;
      const [low, high] = [heap[child] as number, heap[at] as number];
      if (!this.#before(low, high)) return;
      heap[at] = low;
      heap[child] = high;
      at = child;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#logits[a] as number, this.#logits[b] as number];
    return x > y || (x === y && a < b);
  }
}

/** 0, 1, …, count − 1. */
export function everyId(count: number): Int32Array {
  const ids = new Int32Array(count);
  for (let i = 0; i < count; i++) ids[i] = i;
  return ids;
}
