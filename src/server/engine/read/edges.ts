import { fail } from '../../../core/index.js';
import type { Input, Output, Range } from '../../protocol/index.js';
import type { HeadMatrix } from './head-matrix.js';
import { clipped } from './tile.js';

const mostEdges = 20_000;

/** The strongest weights, the strongest first, of equal ones the first in reading order; and how many there are beyond. */
export function edgesOf(
  matrix: HeadMatrix,
  { top, above = 0, rows, columns }: Pick<Input<'read.edges'>, 'top' | 'above' | 'rows' | 'columns'>,
): Output<'read.edges'> {
  if (!(Number.isInteger(top) && top >= 0)) throw fail('value', { where: 'top', rule: 'a whole number from 0', got: String(top) });
  const heap = new Strongest(Math.min(top, mostEdges));
  const [fromRow, toRow] = clipped(rows ?? [0, matrix.rows], matrix.rows);
  const [fromColumn, toColumn]: Range = clipped(columns ?? [0, matrix.columns], matrix.columns);
  let total = 0;
  let all = 0;
  for (let row = fromRow; row < toRow; row++) {
    const end = matrix.causal ? Math.min(toColumn, row + 1) : toColumn;
    for (let column = fromColumn; column < end; column++) {
      const flat = row * matrix.columns + column;
      const strength = Math.abs(matrix.data[flat] as number);
      all += strength;
      if (!(strength > above)) continue;
      total++;
      heap.offer(strength, flat);
    }
  }
  const flats = heap.sorted();
  const weights = Float32Array.from(flats, (flat) => matrix.data[flat] as number);
  return {
    queries: Int32Array.from(flats, (flat) => Math.floor(flat / matrix.columns)),
    keys: Int32Array.from(flats, (flat) => flat % matrix.columns),
    weights,
    total,
    share: all === 0 ? 1 : weights.reduce((sum, w) => sum + Math.abs(w), 0) / all,
  };
}

/** The k strongest of many, in a heap whose root is the weakest of them (Williams 1964). */
class Strongest {
  readonly #strength: number[] = [];
  readonly #flat: number[] = [];

  constructor(private readonly most: number) {}

  offer(strength: number, flat: number): void {
    if (this.#flat.length < this.most) {
      this.#strength.push(strength);
      this.#flat.push(flat);
      this.#rise(this.#flat.length - 1);
    } else if (this.most > 0 && strength > (this.#strength[0] as number)) {
      this.#strength[0] = strength;
      this.#flat[0] = flat;
      this.#sink(0);
    }
  }

  sorted(): number[] {
    return this.#flat
      .map((flat, i) => ({ flat, strength: this.#strength[i] as number }))
      .sort((a, b) => b.strength - a.strength || a.flat - b.flat)
      .map(({ flat }) => flat);
  }

  /** Whether i is to leave before j: it is weaker, or as strong and later. */
  #weaker(i: number, j: number): boolean {
    const [a, b] = [this.#strength[i] as number, this.#strength[j] as number];
    return a < b || (a === b && (this.#flat[i] as number) > (this.#flat[j] as number));
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#weaker(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#flat.length) return;
      if (child + 1 < this.#flat.length && this.#weaker(child + 1, child)) child++;
      if (!this.#weaker(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #swap(i: number, j: number): void {
    for (const list of [this.#strength, this.#flat]) [list[i], list[j]] = [list[j] as number, list[i] as number];
  }
}
