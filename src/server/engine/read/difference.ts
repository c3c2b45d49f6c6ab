import type { HeadMatrix } from './head-matrix.js';

/** Tokens of two texts that belong together. */
export type Pairs = readonly (readonly [a: number, b: number])[];

/** A − B over the tokens that both have: row i is the i-th pair of those that look, column j the j-th of those looked at. */
export function differenceOf(a: HeadMatrix, b: HeadMatrix, queries: Pairs, keys: Pairs): HeadMatrix {
  const data = new Float32Array(queries.length * keys.length);
  queries.forEach(([rowA, rowB], i) => {
    keys.forEach(([columnA, columnB], j) => {
      const own = a.data[rowA * a.columns + columnA] as number;
      data[i * keys.length + j] = own - (b.data[rowB * b.columns + columnB] as number);
    });
  });
  return { rows: queries.length, columns: keys.length, data, strongest: 'farthest', causal: a.causal };
}
