/** Numbers with a shape, row-major. */
export interface Matrix {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** One number of a run: where it lies, and its index per axis. */
export interface Address {
  /**
   * A site, such as `blocks.0.attention.pattern`; a parameter, `parameter:blocks.0.norm1.weight`; a value of the graph
   * that has no name, `%57`; or `probability`, of index [position, token].
   */
  readonly at: string;
  readonly index: readonly number[];
}

/** The index per axis of an element counted in row-major order. */
export function indexOf(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    index[axis] = rest % size;
    rest = Math.floor(rest / size);
  }
  return index;
}

/** The element's place in row-major order. */
export function flatOf(index: readonly number[], shape: readonly number[]): number {
  return index.reduce((flat, i, axis) => flat * (shape[axis] as number) + i, 0);
}
