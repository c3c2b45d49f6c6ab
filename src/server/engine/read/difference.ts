import type { HeadMatrix } from './head-matrix.js';

/**
 * A − B over the tokens that both have: row i and column j are the i-th and j-th pair. Keys of cross-attention are another
 * text's: of one length they are taken as they stand.
 */
export function differenceOf(a: HeadMatrix, b: HeadMatrix, pairs: readonly (readonly [number, number])[], isCross: boolean): HeadMatrix {
  const keys = isCross ? Array.from({ length: Math.min(a.columns, b.columns) }, (_, i) => [i, i] as const) : pairs;
  const data = new Float32Array(pairs.length * keys.length);
  pairs.forEach(([rowA, rowB], i) => {
    keys.forEach(([columnA, columnB], j) => {
      const own = a.data[rowA * a.columns + columnA] as number;
      data[i * keys.length + j] = own - (b.data[rowB * b.columns + columnB] as number);
    });
  });
  return { rows: pairs.length, columns: keys.length, data, strongest: 'farthest', causal: a.causal };
}
