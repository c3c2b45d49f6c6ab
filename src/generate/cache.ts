import { fail, HostArray } from '../core/index.js';
import { own } from '../runtime/index.js';

/**
 * Memories begin with so many slots, for every slot is read at every step, and are a multiple of it when they have grown,
 * beyond the limit too: the engine sums over slots in lanes, and lines of other lengths are summed in another order, so
 * that the last bit of a row's logits would depend on how long its neighbours are (measured: the same bits at 64, 128,
 * 192, 256, 320, 512 and 1024 slots, others at 300 and 600).
 */
const slotsAtOnce = 64;

/** The next size of a memory: half as large again, so that a step reads at most about half as much again as it needs. */
function larger(capacity: number): number {
  return Math.ceil((capacity * 1.5) / slotsAtOnce) * slotsAtOnce;
}

export interface CacheShape {
  readonly layers: number;
  readonly batch: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Most tokens that are ever kept, in each row. */
  readonly limit: number;
}

/**
 * Keys and values of the tokens so far, in memory of a fixed size that programs read where it lies. The memory grows by
 * halves from 64 slots up to the limit or a little more.
 *
 * Rows may hold different numbers of tokens; each row's begin at slot 0, as if it were alone.
 */
export class KeyValueCache {
  readonly shape: CacheShape;
  /** Per layer, [B,K,P,D]; replaced when the memory grows. */
  keys: readonly HostArray[] = [];
  values: readonly HostArray[] = [];
  /** [B,P] bool, true where a slot holds a token. */
  filled: HostArray;
  /** [B], tokens kept in each row. */
  readonly lengths: Int32Array;
  #disown = (): void => {};

  constructor(shape: CacheShape) {
    this.shape = shape;
    this.lengths = new Int32Array(shape.batch);
    this.filled = new HostArray(new Uint8Array(0), [shape.batch, 0], 'bool');
    this.#grow(Math.min(slotsAtOnce, shape.limit));
  }

  /** Tokens kept in the longest row. */
  get length(): number {
    return Math.max(...this.lengths);
  }

  /** Slots there are, P. */
  get capacity(): number {
    return this.filled.shape[1] as number;
  }

  /** The memory as a program's inputs: of every row, [B,…], or of one, [1,…]. */
  feeds(row?: number): Record<string, HostArray> {
    const part = (whole: HostArray): HostArray => {
      if (row === undefined) return whole;
      const { data, shape, dtype } = whole;
      const size = data.length / this.shape.batch;
      return new HostArray((data as Float32Array).subarray(row * size, (row + 1) * size), [1, ...shape.slice(1)], dtype);
    };
    return inputsOf(part(this.filled), this.keys.map(part), this.values.map(part));
  }

  /** The same of a memory without slots. */
  empty(rows: number): Record<string, HostArray> {
    const { layers, heads, headWidth } = this.shape;
    const nothing = new HostArray(new Float32Array(0), [rows, heads, 0, headWidth], 'float32');
    const every = new Array<HostArray>(layers).fill(nothing);
    return inputsOf(new HostArray(new Uint8Array(0), [rows, 0], 'bool'), every, every);
  }

  /**
   * Adds the keys and values of new tokens.
   * @param recent [2L·R,K,T,D]: the keys of every layer, then the values of every layer, R rows each
   * @param into for each of the R, the row of the cache that it goes on with, if any; all in order by default
   * @throws value: more tokens than the limit
   */
  write(recent: HostArray, into: readonly (number | undefined)[] = [...this.lengths.keys()]): void {
    const { layers, heads, headWidth, limit } = this.shape;
    if (recent.shape[0] !== 2 * layers * into.length || recent.shape[1] !== heads || recent.shape[3] !== headWidth) {
      throw fail('shape', {
        where: 'KV cache',
        rule: `[${2 * layers * into.length},${heads},T,${headWidth}], keys and values of every layer`,
        got: `[${recent.shape}]`,
      });
    }
    const added = recent.shape[2] as number;
    const longest = Math.max(0, ...into.map((row) => (row === undefined ? 0 : (this.lengths[row] as number))));
    if (longest + added > limit) {
      throw fail('value', { where: 'KV cache', rule: `at most ${limit} tokens`, got: `${longest} kept and ${added} new` });
    }
    const most = Math.ceil(limit / slotsAtOnce) * slotsAtOnce;
    let { capacity } = this;
    while (capacity < longest + added) capacity = Math.min(larger(capacity), most);
    if (capacity > this.capacity) this.#grow(capacity);
    const source = recent.data as Float32Array;
    const block = added * headWidth;
    into.forEach((row, r) => {
      if (row === undefined) return;
      const length = this.lengths[row] as number;
      [...this.keys, ...this.values].forEach((memory, part) => {
        for (let head = 0; head < heads; head++) {
          const from = ((part * into.length + r) * heads + head) * block;
          const to = ((row * heads + head) * capacity + length) * headWidth;
          (memory.data as Float32Array).set(source.subarray(from, from + block), to);
        }
      });
      this.filled.data.fill(1 as never, row * capacity + length, row * capacity + length + added);
      this.lengths[row] = length + added;
    });
  }

  /** Every row becomes a copy of one of the rows there were. @param rows [B], which */
  select(rows: ArrayLike<number>): void {
    const perRow = this.shape.heads * this.capacity * this.shape.headWidth;
    const moved = Array.from(rows, (from, to) => ({ from, to })).filter(({ from, to }) => from !== to);
    const choose = (memory: HostArray, width: number): void => {
      const data = memory.data as Float32Array;
      const old = moved.map(({ from }) => data.slice(from * width, (from + 1) * width));
      for (const [i, { to }] of moved.entries()) data.set(old[i] as Float32Array, to * width);
    };
    for (const memory of [...this.keys, ...this.values]) choose(memory, perRow);
    choose(this.filled, this.capacity);
    this.lengths.set(Array.from(rows, (row) => this.lengths[row] as number));
  }

  /** Forgets all but the first `count` tokens of every row. */
  keep(count: number): void {
    const { capacity } = this;
    this.lengths.forEach((length, row) => {
      const kept = Math.min(length, count);
      this.filled.data.fill(0 as never, row * capacity + kept, row * capacity + length);
      this.lengths[row] = kept;
    });
  }

  /** Forgets the tokens of a row, or every token; the memory stays. */
  clear(row?: number): void {
    const { capacity } = this;
    if (row === undefined) this.filled.data.fill(0 as never);
    else this.filled.data.fill(0 as never, row * capacity, (row + 1) * capacity);
    this.lengths.fill(0, row ?? 0, row === undefined ? undefined : row + 1);
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
        data.set((before.data as Float32Array).subarray(from, from + old * headWidth), row * capacity * headWidth);
      }
      return new HostArray(data, [batch, heads, capacity, headWidth], 'float32');
    };
    const every = Array.from({ length: layers }, (_, i) => i);
    this.keys = every.map((i) => moved(this.keys[i]));
    this.values = every.map((i) => moved(this.values[i]));
    const filled = new Uint8Array(batch * capacity);
    for (let b = 0; b < batch; b++) filled.fill(1, b * capacity, b * capacity + (this.lengths[b] as number));
    this.filled = new HostArray(filled, [batch, capacity], 'bool');
    this.#disown();
    this.#disown = own({ kind: 'KV cache', bytes: 2 * layers * batch * heads * capacity * headWidth * 4 + filled.length });
  }
}

function inputsOf(filled: HostArray, keys: readonly HostArray[], values: readonly HostArray[]): Record<string, HostArray> {
  const named = (name: string, list: readonly HostArray[]) => list.map((memory, i) => [`${name}.${i}`, memory] as const);
  return { filled, ...Object.fromEntries([...named('keys', keys), ...named('values', values)]) };
}
