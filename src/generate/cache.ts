import { fail, HostArray } from '../core/index.js';
import { own } from '../runtime/index.js';

/**
 * Memories begin with so many slots, for every slot is read at every step, and are a multiple of it when they have grown,
 * beyond the limit too: the engine sums over slots in lanes, and lines of other lengths are summed in another order, so
 * that the last bit of a row's logits would depend on how long its neighbours are (measured: the same bits at 64, 128,
 * 192, 256, 320, 512 and 1024 slots, others at 300 and 600).
 */
const slotsAtOnce = 64;

/** Slots for so many tokens. */
function slotsFor(tokens: number): number {
  return Math.max(1, Math.ceil(tokens / slotsAtOnce)) * slotsAtOnce;
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
 * Keys and values of the tokens so far, in memory that programs read where it lies. It has slots for 64 tokens at first, grows
 * by halves up to the limit or a little more, and is made small again when tokens are forgotten, since every slot is read at
 * every step. What was once allotted is kept for the next long text.
 *
 * Rows may hold different numbers of tokens; each row's begin at slot 0, as if it were alone.
 */
export class KeyValueCache {
  readonly shape: CacheShape;
  /** Per layer, [B,K,P,D]; replaced when the number of slots changes. */
  keys: readonly HostArray[] = [];
  values: readonly HostArray[] = [];
  /** [B,P] bool, true where a slot holds a token. */
  filled: HostArray;
  /** [B], tokens kept in each row. */
  readonly lengths: Int32Array;
  /** Of each memory: keys, then values, layer by layer. The arrays are views of their beginnings. */
  #allotted: readonly Float32Array[];
  #disown = (): void => {};

  constructor(shape: CacheShape) {
    this.shape = shape;
    this.lengths = new Int32Array(shape.batch);
    this.filled = new HostArray(new Uint8Array(0), [shape.batch, 0], 'bool');
    this.#allotted = Array.from({ length: 2 * shape.layers }, () => new Float32Array(0));
    this.#resize(Math.min(slotsAtOnce, shape.limit));
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
    this.#reserve(longest + added);
    const { capacity } = this;
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
    this.lengths.forEach((_, row) => {
      this.#forget(row, count);
    });
    this.#shrink();
  }

  /** Forgets the tokens of a row, or every token. */
  clear(row?: number): void {
    for (const r of row === undefined ? this.lengths.keys() : [row]) this.#forget(r, 0);
    this.#shrink();
  }

  dispose(): void {
    this.#disown();
    this.keys = [];
    this.values = [];
    this.#allotted = [];
  }

  /** Forgets all but the first tokens of a row. Slots without a token hold zeros, so that what is not a number goes too. */
  #forget(row: number, count: number): void {
    const { capacity } = this;
    const { heads, headWidth } = this.shape;
    const length = this.lengths[row] as number;
    if (length <= count) return;
    for (const { data } of [...this.keys, ...this.values]) {
      for (let line = row * heads; line < (row + 1) * heads; line++) {
        (data as Float32Array).fill(0, (line * capacity + count) * headWidth, (line * capacity + length) * headWidth);
      }
    }
    this.filled.data.fill(0 as never, row * capacity + count, row * capacity + length);
    this.lengths[row] = count;
  }

  /** Slots for so many tokens: at least half as many again as there were, so that they are seldom made anew. */
  #reserve(tokens: number): void {
    const { capacity } = this;
    if (tokens <= capacity) return;
    this.#resize(Math.min(slotsFor(Math.max(tokens, 1.5 * capacity)), slotsFor(this.shape.limit)));
  }

  /** As few slots as the tokens need, where there are more than twice as many. */
  #shrink(): void {
    const fewest = slotsFor(this.length);
    if (2 * fewest < this.capacity) this.#resize(fewest);
  }

  /** Another number of slots, the first of which hold what they held. */
  #resize(capacity: number): void {
    const { layers, batch, heads, headWidth } = this.shape;
    const lines = batch * heads;
    this.#allotted = this.#allotted.map((before) => resized(before, lines, this.capacity * headWidth, capacity * headWidth));
    const size = lines * capacity * headWidth;
    const arrays = this.#allotted.map((data) => new HostArray(data.subarray(0, size), [batch, heads, capacity, headWidth], 'float32'));
    this.keys = arrays.slice(0, layers);
    this.values = arrays.slice(layers);
    const filled = new Uint8Array(batch * capacity);
    for (const [b, length] of this.lengths.entries()) filled.fill(1, b * capacity, b * capacity + length);
    this.filled = new HostArray(filled, [batch, capacity], 'bool');
    this.#disown();
    const bytes = this.#allotted.reduce((sum, { byteLength }) => sum + byteLength, filled.length);
    this.#disown = own({ kind: 'KV cache', bytes });
  }
}

/**
 * Lines of another width, zeros where they are longer: in the same memory where it is large enough.
 * @param before [L,from]
 * @returns [L,to], and what else there is room for
 */
function resized(before: Float32Array, lines: number, from: number, to: number): Float32Array {
  const after = before.length < lines * to ? new Float32Array(lines * to) : before;
  for (let i = 0; i < lines; i++) {
    // The last goes first where they move up, so that none is written over before it has moved.
    const line = from < to ? lines - 1 - i : i;
    after.set(before.subarray(line * from, line * from + Math.min(from, to)), line * to);
    if (after === before && from < to) after.fill(0, line * to + from, (line + 1) * to);
  }
  return after;
}

function inputsOf(filled: HostArray, keys: readonly HostArray[], values: readonly HostArray[]): Record<string, HostArray> {
  const named = (name: string, list: readonly HostArray[]) => list.map((memory, i) => [`${name}.${i}`, memory] as const);
  return { filled, ...Object.fromEntries([...named('keys', keys), ...named('values', values)]) };
}
