import { HostArray } from '../core/index.js';

/**
 * Rotary positions turn pairs of a head's numbers. Hugging Face pairs number i with i + D/2 (half-split), llama.cpp's
 * `llama` and llama2.c pair 2i with 2i + 1 (interleaved): the rows of the query's and key's matrices are in another order.
 * Row h·D + j·D/2 + i here is row h·D + 2i + j there, for head h, half j and pair i.
 *
 * @param matrix [H·D,C], or [H·D] for a bias
 * @param rowOf the row of the matrix that becomes row h·D + a, given a
 */
function reordered(matrix: HostArray, heads: number, rowOf: (a: number, headWidth: number) => number): HostArray {
  const rows = matrix.shape[0] as number;
  const columns = matrix.data.length / rows;
  const headWidth = rows / heads;
  const from = matrix.data as Float32Array;
  const to = new Float32Array(from.length);
  for (let row = 0; row < rows; row++) {
    const a = row % headWidth;
    const source = (row - a + rowOf(a, headWidth)) * columns;
    to.set(from.subarray(source, source + columns), row * columns);
  }
  return new HostArray(to, matrix.shape, 'float32');
}

/** From interleaved pairs (GGUF's `llama`, llama2.c) to Hugging Face's halves. */
export function toHalves(matrix: HostArray, heads: number): HostArray {
  return reordered(matrix, heads, (a, d) => 2 * (a % (d / 2)) + Math.floor(a / (d / 2)));
}

/** From Hugging Face's halves to interleaved pairs. */
export function toPairs(matrix: HostArray, heads: number): HostArray {
  return reordered(matrix, heads, (a, d) => (a % 2) * (d / 2) + Math.floor(a / 2));
}
