/** Numbers pairs of non-negative integers by first appearance: a hash table without objects. */
export class PairTable {
  #size = 0;
  /** 1 + the number of a pair, 0 where a slot is free; linear probing, at most half full. */
  #slots: Int32Array;
  #firsts: Int32Array;
  #seconds: Int32Array;

  /** @param capacity pairs there is room for at first */
  constructor(capacity = 1024) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(capacity, 8) * 2));
    this.#slots = new Int32Array(slots);
    this.#firsts = new Int32Array(slots / 2);
    this.#seconds = new Int32Array(slots / 2);
  }

  /** Pairs held. */
  get size(): number {
    return this.#size;
  }

  first(pair: number): number {
    return this.#firsts[pair] as number;
  }

  second(pair: number): number {
    return this.#seconds[pair] as number;
  }

  /** The number of a pair, −1 where it is not held. */
  find(first: number, second: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(first, second) & mask;
    for (;;) {
      const pair = (slots[slot] as number) - 1;
      if (pair < 0 || (this.#firsts[pair] === first && this.#seconds[pair] === second)) return pair;
      slot = (slot + 1) & mask;
    }
  }

  /** The number of a pair; it is `size` before the call where the pair is new, and then added. */
  put(first: number, second: number): number {
    const found = this.find(first, second);
    if (found >= 0) return found;
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    const pair = this.#size++;
    this.#firsts[pair] = first;
    this.#seconds[pair] = second;
    this.#take(pair);
    return pair;
  }

  #take(pair: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(this.#firsts[pair] as number, this.#seconds[pair] as number) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = pair + 1;
  }

  #grow(): void {
    const firsts = new Int32Array(this.#firsts.length * 2);
    const seconds = new Int32Array(firsts.length);
    firsts.set(this.#firsts);
    seconds.set(this.#seconds);
    this.#firsts = firsts;
    this.#seconds = seconds;
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let pair = 0; pair < this.#size; pair++) this.#take(pair);
  }
}

function hashOf(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
