import { fail } from '../../core/index.js';
import { gram, type Matrix, matrix, product, transposed } from './matrix.js';

/**
 * The eigenvalues of a symmetric matrix, largest first, by cyclic Jacobi rotations (Jacobi 1846; Golub and Van Loan,
 * section 8.5): each rotation takes one pair of entries to zero, and the rest of them shrink quadratically.
 * @throws numeric: entries that are not finite
 */
export function symmetricEigenvalues({ rows: n, data }: Matrix): Float64Array {
  const a = Float64Array.from(data);
  if (a.some((x) => !Number.isFinite(x))) throw fail('numeric', { where: 'eigenvalues', rule: 'a finite matrix', got: 'NaN or infinity' });
  const at = (i: number, j: number): number => a[i * n + j] as number;
  const scale = Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) off += at(i, j) ** 2;
    if (Math.sqrt(off) <= 1e-15 * scale) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, n, p, q);
  }
  return Float64Array.from({ length: n }, (_, i) => at(i, i)).sort((x, y) => y - x);
}

/** Takes a_pq to zero: A ← Jᵀ A J. */
function rotate(a: Float64Array, n: number, p: number, q: number): void {
  const pq = a[p * n + q] as number;
  if (pq === 0) return;
  const theta = ((a[q * n + q] as number) - (a[p * n + p] as number)) / (2 * pq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q, c, s);
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k, c, s);
}

function turn(a: Float64Array, first: number, second: number, c: number, s: number): void {
  const [x, y] = [a[first] as number, a[second] as number];
  a[first] = c * x - s * y;
  a[second] = s * x + c * y;
}

/**
 * The singular values of a product A B that are not zero because of its shape, largest first, without forming it: with
 * AᵀA = L Lᵀ, they are the roots of the eigenvalues of Lᵀ (B Bᵀ) L.
 * @param a [C,D] @param b [D,C'] @returns D of them
 */
export function singularValuesOfProduct(a: Matrix, b: Matrix): Float64Array {
  const l = cholesky(gram(a));
  const inner = product(product(transposed(l), gram(transposed(b))), l);
  return symmetricEigenvalues(symmetrised(inner)).map((x) => Math.sqrt(Math.max(0, x)));
}

function symmetrised(m: Matrix): Matrix {
  return matrix(m.rows, m.rows, (i, j) => ((m.data[i * m.rows + j] as number) + (m.data[j * m.rows + i] as number)) / 2);
}

/** L of A = L Lᵀ, for A without negative eigenvalues; a column whose pivot is lost in rounding is zero. */
function cholesky({ rows: n, data }: Matrix): Matrix {
  const l = new Float64Array(n * n);
  const at = (i: number, j: number): number => l[i * n + j] as number;
  const least = 1e-15 * data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let j = 0; j < n; j++) {
    let pivot = data[j * n + j] as number;
    for (let k = 0; k < j; k++) pivot -= at(j, k) ** 2;
    if (pivot <= least) continue;
    l[j * n + j] = Math.sqrt(pivot);
    for (let i = j + 1; i < n; i++) {
      let sum = data[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      l[i * n + j] = sum / at(j, j);
    }
  }
  return { rows: n, columns: n, data: l };
}
