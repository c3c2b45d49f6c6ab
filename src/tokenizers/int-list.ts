/** A growing list of 32-bit integers. */
export class IntList {
  data: Int32Array;
  length = 0;

  constructor(capacity = 1024) {
    this.data = new Int32Array(Math.max(capacity, 16));
  }

  push(value: number): void {
    if (this.length === this.data.length) this.#grow(this.length + 1);
    this.data[this.length++] = value;
  }

  /** Appends `count` values of `from`, starting at `start`. */
  append(from: Int32Array, start: number, count: number): void {
    if (this.length + count > this.data.length) this.#grow(this.length + count);
    const { data, length } = this;
    // Nearly always a handful of values: a loop beats `set`.
    for (let i = 0; i < count; i++) data[length + i] = from[start + i] as number;
    this.length = length + count;
  }

  /** What was pushed, in an array of its own. */
  toArray(): Int32Array {
    return this.data.slice(0, this.length);
  }

  #grow(least: number): void {
    const larger = new Int32Array(Math.max(this.data.length * 2, least));
    larger.set(this.data);
    this.data = larger;
  }
}
