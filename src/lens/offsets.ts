/**
 * Where the elements of a part of an array lie: the sums of one number of each list, the last list's places running fastest.
 * @param axes for each axis the offsets of the places that are meant: a place times the axis's stride
 * @example offsets([[0, 4], [1, 2]]) // 1, 2, 5, 6: columns 1 and 2 of two rows of four
 */
export function offsets(axes: readonly (readonly number[])[]): Int32Array {
  let found = Int32Array.of(0);
  for (const list of axes) {
    const next = new Int32Array(found.length * list.length);
    found.forEach((from, i) => {
      list.forEach((offset, j) => {
        next[i * list.length + j] = from + offset;
      });
    });
    found = next;
  }
  return found;
}

/** The offsets of the first `count` places of an axis. */
export function alongAxis(count: number, stride: number): number[] {
  return Array.from({ length: count }, (_, i) => i * stride);
}
