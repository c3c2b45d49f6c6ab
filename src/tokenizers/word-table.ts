/**
 * Numbers words by first appearance: a hash table over stretches of text that makes no string of them. The words'
 * UTF-16 units lie one after the other in one array.
 */
export class WordTable {
  #size = 0;
  /** 1 + the number of a word, 0 where a slot is free; linear probing, at most half full. */
  #slots: Int32Array;
  #hashes: Int32Array;
  /** Word w is #units[#starts[w] .. #starts[w + 1]). */
  #starts: Int32Array;
  #units: Uint16Array;

  /** @param capacity words there is room for at first */
  constructor(capacity = 4096) {
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.#slots = new Int32Array(slots);
    this.#hashes = new Int32Array(slots / 2);
    this.#starts = new Int32Array(slots / 2 + 1);
    this.#units = new Uint16Array(slots * 4);
  }

  /** Words held. */
  get size(): number {
    return this.#size;
  }

  /** UTF-16 units of all words held. */
  get units(): number {
    return this.#starts[this.#size] as number;
  }

  /** The number of `text.slice(start, end)`; it is `size` before the call where the word is new, and then added. */
  put(text: string, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash ^= hash >>> 15;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const word = (slots[slot] as number) - 1;
      if (word < 0) return this.#add(text, start, end, hash, slot);
      if (this.#hashes[word] === hash && this.#is(word, text, start, end)) return word;
      slot = (slot + 1) & mask;
    }
  }

  /** A word as a string. */
  text(word: number): string {
    const units = this.#units.subarray(this.#starts[word], this.#starts[word + 1]);
    let text = '';
    // In parts: a call takes only so many arguments.
    for (let at = 0; at < units.length; at += 4096) text += String.fromCharCode(...units.subarray(at, at + 4096));
    return text;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }

  #is(word: number, text: string, start: number, end: number): boolean {
    const from = this.#starts[word] as number;
    if ((this.#starts[word + 1] as number) - from !== end - start) return false;
    const units = this.#units;
    for (let at = start, unit = from; at < end; at++, unit++) if (units[unit] !== text.charCodeAt(at)) return false;
    return true;
  }

  #add(text: string, start: number, end: number, hash: number, slot: number): number {
    const word = this.#size++;
    const from = this.#starts[word] as number;
    const to = from + end - start;
    if (to > this.#units.length) this.#units = grown(this.#units, Math.max(to, this.#units.length * 2), Uint16Array);
    for (let at = start, unit = from; at < end; at++, unit++) this.#units[unit] = text.charCodeAt(at);
    this.#starts[word + 1] = to;
    this.#hashes[word] = hash;
    this.#slots[slot] = word + 1;
    if (this.#size * 2 >= this.#slots.length) this.#rehash();
    return word;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let word = 0; word < this.#size; word++) {
      let slot = (this.#hashes[word] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = word + 1;
    }
    this.#slots = slots;
    this.#hashes = grown(this.#hashes, slots.length / 2, Int32Array);
    this.#starts = grown(this.#starts, slots.length / 2 + 1, Int32Array);
  }
}

function grown<A extends Int32Array | Uint16Array>(from: A, length: number, make: new (length: number) => A): A {
  const larger = new make(length);
  larger.set(from);
  return larger;
}
