import { below, type RandomKey, randomBits } from '../../core/index.js';

/** Draws from one stream, one after the other: as many as a row happens to need. */
export class Draws {
  #next = 0;

  constructor(private readonly key: RandomKey) {}

  /** An integer in [0, n). */
  below(n: number): number {
    return below(this.key, this.#next++, n);
  }

  /** Heads or tails. */
  coin(): boolean {
    return randomBits(this.key, this.#next++) >= 2 ** 31;
  }

  /** `count` integers in [0, n), each any of them. */
  many(count: number, n: number): number[] {
    return Array.from({ length: count }, () => this.below(n));
  }

  /** `count` different integers in [0, n), in random order. */
  distinct(count: number, n: number): number[] {
    const values = Array.from({ length: n }, (_, i) => i);
    this.shuffle(values, count);
    return values.slice(0, count);
  }

  /** Puts values in random order, in place, each order as likely as any other; or only the first `count` places. */
  shuffle(values: number[] | Int32Array, count = values.length): void {
    for (let at = 0; at < count; at++) {
      const other = at + this.below(values.length - at);
      const value = values[at] as number;
      values[at] = values[other] as number;
      values[other] = value;
    }
  }
}
