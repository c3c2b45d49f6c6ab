/**
 * A picture of dots made of characters. Braille's characters hold 2 × 4 dots each; ASCII has characters for 1 × 2:
 * the upper half, the lower, both.
 */
export class DotCanvas {
  /** Dots across and down. */
  readonly dotsAcross: number;
  readonly dotsDown: number;
  readonly #style: CanvasStyle;
  readonly #columns: number;
  /** The dots of each character, as bits; or a mark that stands over them. */
  readonly #cells: (number | string)[];

  constructor(columns: number, rows: number, unicode: boolean) {
    this.#style = unicode ? braille : ascii;
    this.#columns = columns;
    this.dotsAcross = columns * this.#style.across;
    this.dotsDown = rows * this.#style.down;
    this.#cells = new Array<number | string>(columns * rows).fill(0);
  }

  /** Sets a dot; x from the left, y from the top, whole numbers within the canvas. */
  dot(x: number, y: number): void {
    const { across, down, bits } = this.#style;
    const at = this.#cellAt(x, y);
    const cell = this.#cells[at];
    if (typeof cell === 'number') this.#cells[at] = cell | (bits[(y % down) * across + (x % across)] as number);
  }

  /** Puts a character over the dots of the place that a dot would lie in. */
  mark(x: number, y: number, mark: string): void {
    this.#cells[this.#cellAt(x, y)] = mark;
  }

  /** The rows of characters, all as wide as the canvas. */
  rows(): string[] {
    const texts = this.#cells.map((cell) => (typeof cell === 'string' ? cell : this.#style.character(cell)));
    return Array.from({ length: texts.length / this.#columns }, (_, row) =>
      texts.slice(row * this.#columns, (row + 1) * this.#columns).join(''),
    );
  }

  /** The row of characters that a dot lies in. */
  rowOf(y: number): number {
    return Math.floor(y / this.#style.down);
  }

  #cellAt(x: number, y: number): number {
    return this.rowOf(y) * this.#columns + Math.floor(x / this.#style.across);
  }
}

interface CanvasStyle {
  readonly across: number;
  readonly down: number;
  /** The bit of each dot of a character, row by row. */
  readonly bits: readonly number[];
  character(bits: number): string;
}

/** Unicode 4.1, block 2800: bits 0 to 2 and 6 go down the left column, 3 to 5 and 7 down the right one. */
const braille: CanvasStyle = {
  across: 2,
  down: 4,
  bits: [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80],
  character: (bits) => (bits === 0 ? ' ' : String.fromCharCode(0x2800 + bits)),
};

const ascii: CanvasStyle = { across: 1, down: 2, bits: [1, 2], character: (bits) => " '.:"[bits] as string };
