/** Which places of two sequences belong together. */
export interface Alignment {
  /** [place in a, place in b], in order. */
  readonly pairs: readonly (readonly [a: number, b: number])[];
  /** Places that have no partner. */
  readonly onlyA: readonly number[];
  readonly onlyB: readonly number[];
}

/** The longest common subsequence of two texts' tokens (Wagner and Fischer 1974): equal tokens in the same order belong together. */
export function align(a: readonly string[], b: readonly string[]): Alignment {
  // longest[i][j]: of what follows from a[i] and b[j] on.
  const longest = Array.from({ length: a.length + 1 }, () => new Int32Array(b.length + 1));
  const at = (i: number, j: number): number => longest[i]?.[j] as number;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      (longest[i] as Int32Array)[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const [pairs, onlyA, onlyB]: [[number, number][], number[], number[]] = [[], [], []];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) pairs.push([i++, j++]);
    else if (j === b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) onlyA.push(i++);
    else onlyB.push(j++);
  }
  return { pairs, onlyA, onlyB };
}
