import { fail, HostArray } from '../core/index.js';
import { own } from '../runtime/index.js';

/** Slots a cache starts with: short texts do not pay for the whole context. */
const firstCapacity = 256;

export interface CacheShape {
  readonly layers: number;
  readonly batch: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Most tokens that are ever kept. */
  readonly limit: number;
}

/**
 * Keys and values of the tokens so far, in memory of a fixed size that programs read where it lies. The memory doubles,
 * from 256 slots up to the limit, so that a step reads at most about twice what it needs.
 */
export class KeyValueCache {
  readonly shape: CacheShape;
  /** Per layer, [B,K,P,D]; replaced when the memory grows. */
  keys: readonly HostArray[] = [];
  values: readonly HostArray[] = [];
  /** [B,P] bool, true where a slot holds a token. */
  filled: HostArray;
  #length = 0;
  #disown = (): void => {};

  constructor(shape: CacheShape) {
    this.shape = shape;
    this.filled = new HostArray(new Uint8Array(0), [shape.batch, 0], 'bool');
    this.#grow(Math.min(firstCapacity, shape.limit));
  }

  /** Tokens kept. */
  get length(): number {
    return this.#length;
  }

  /** Slots there are, P. */
  get capacity(): number {
    return this.filled.shape[1] as number;
  }

  /**
   * Adds the keys and values of new tokens.
   * @param recent [2L·B,K,T,D]: the keys of every layer, then the values of every layer
   * @throws value: more tokens than the limit
   */
  write(recent: HostArray): void {
    const { layers, batch, heads, headWidth, limit } = this.shape;
    if (recent.shape[0] !== 2 * layers * batch || recent.shape[1] !== heads || recent.shape[3] !== headWidth) {
      throw fail('shape', {
        where: 'KV cache',
        rule: `[${2 * layers * batch},${heads},T,${headWidth}], keys and values of every layer`,
        got: `[${recent.shape}]`,
      });
    }
    const added = recent.shape[2] as number;
    const total = this.#length + added;
    if (total > limit) {
      throw fail('value', { where: 'KV cache', rule: `at most ${limit} tokens`, got: `${this.#length} kept and ${added} new` });
    }
    let { capacity } = this;
    while (capacity < total) capacity = Math.min(2 * capacity, limit);
    if (capacity > this.capacity) this.#grow(capacity);
    const source = recent.data as Float32Array;
    const block = added * headWidth;
    [...this.keys, ...this.values].forEach((memory, part) => {
      for (let row = 0; row < batch * heads; row++) {
        const from = (part * batch * heads + row) * block;
        (memory.data as Float32Array).set(source.subarray(from, from + block), (row * capacity + this.#length) * headWidth);
      }
    });
    for (let b = 0; b < batch; b++) this.filled.data.fill(1 as never, b * capacity + this.#length, b * capacity + total);
    this.#length = total;
  }

  /** Forgets every token; the memory stays. */
  clear(): void {
    this.filled.data.fill(0 as never);
    this.#length = 0;
  }

  dispose(): void {
    this.#disown();
    this.keys = [];
    this.values = [];
  }

  #grow(capacity: number): void {
    const { layers, batch, heads, headWidth } = this.shape;
    const old = this.capacity;
    const moved = (before: HostArray | undefined): HostArray => {
      const data = new Float32Array(batch * heads * capacity * headWidth);
      for (let row = 0; before !== undefined && row < batch * heads; row++) {
        const from = row * old * headWidth;
        data.set((before.data as Float32Array).subarray(from, from + this.#length * headWidth), row * capacity * headWidth);
      }
      return new HostArray(data, [batch, heads, capacity, headWidth], 'float32');
    };
    const every = Array.from({ length: layers }, (_, i) => i);
    this.keys = every.map((i) => moved(this.keys[i]));
    this.values = every.map((i) => moved(this.values[i]));
    const filled = new Uint8Array(batch * capacity);
    for (let b = 0; b < batch; b++) filled.fill(1, b * capacity, b * capacity + this.#length);
    this.filled = new HostArray(filled, [batch, capacity], 'bool');
    this.#disown();
    this.#disown = own({ kind: 'KV cache', bytes: 2 * layers * batch * heads * capacity * headWidth * 4 + filled.length });
  }
}
