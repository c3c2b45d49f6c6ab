import { fail } from '../../core/index.js';
import type { Matrix } from './matrix.js';

/** Eigenvalues of a real matrix: λ_k = real[k] + i · imaginary[k]. */
export interface Eigenvalues {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/**
 * All eigenvalues of a square matrix: reduced to Hessenberg form by eliminations with pivots (Golub and Van Loan, section
 * 7.4), then by the QR iteration with Francis's double shift (Francis 1961; ibid., algorithm 7.5.2), which finds the pairs of
 * complex ones in real numbers.
 * @throws numeric: entries that are not finite, or no convergence
 */
export function eigenvalues({ rows: n, data }: Matrix): Eigenvalues {
  const a = Float64Array.from(data);
  if (a.some((x) => !Number.isFinite(x))) throw fail('numeric', { where: 'eigenvalues', rule: 'a finite matrix', got: 'NaN or infinity' });
  toHessenberg(a, n);
  const found = { real: new Float64Array(n), imaginary: new Float64Array(n) };
  let shift = 0; // what exceptional shifts took from the diagonal
  for (let last = n - 1, steps = 0; last >= 0; ) {
    const first = splitAt(a, n, last);
    const x = a[last * n + last] as number;
    if (first === last) {
      found.real[last] = x + shift;
      last -= 1;
      steps = 0;
    } else if (first === last - 1) {
      setPair(found, a, n, last, shift);
      last -= 2;
      steps = 0;
    } else {
      if (steps >= 60 + n) throw fail('numeric', { where: 'eigenvalues', rule: 'a QR iteration that converges', got: `${steps} steps` });
      let [y, product] = [
        a[(last - 1) * n + last - 1] as number,
        (a[last * n + last - 1] as number) * (a[(last - 1) * n + last] as number),
      ];
      let z = x;
      if (steps > 0 && steps % 10 === 0) {
        shift += x;
        for (let i = 0; i <= last; i++) a[i * n + i] = (a[i * n + i] as number) - x;
        const s = Math.abs(a[last * n + last - 1] as number) + Math.abs(a[(last - 1) * n + last - 2] as number);
        y = z = 0.75 * s;
        product = -0.4375 * s * s;
      }
      francisStep(a, n, first, last, z, y, product);
      steps += 1;
    }
  }
  return found;
}

/** Similarity transformations that leave zeros below the first subdiagonal. */
function toHessenberg(a: Float64Array, n: number): void {
  const at = (i: number, j: number): number => a[i * n + j] as number;
  for (let m = 1; m < n - 1; m++) {
    let pivot = m;
    for (let i = m + 1; i < n; i++) if (Math.abs(at(i, m - 1)) > Math.abs(at(pivot, m - 1))) pivot = i;
    const head = at(pivot, m - 1);
    if (head === 0) continue;
    if (pivot !== m) {
      for (let j = m - 1; j < n; j++) swap(a, pivot * n + j, m * n + j);
      for (let i = 0; i < n; i++) swap(a, i * n + pivot, i * n + m);
    }
    for (let i = m + 1; i < n; i++) {
      const factor = at(i, m - 1) / head;
      if (factor === 0) continue;
      for (let j = m - 1; j < n; j++) a[i * n + j] = at(i, j) - factor * at(m, j);
      for (let k = 0; k < n; k++) a[k * n + m] = at(k, m) + factor * at(k, i);
      a[i * n + m - 1] = 0;
    }
  }
}

function swap(a: Float64Array, i: number, j: number): void {
  const x = a[i] as number;
  a[i] = a[j] as number;
  a[j] = x;
}

/** The first row of the block that ends at `last` and has no negligible entry beside its diagonal. */
function splitAt(a: Float64Array, n: number, last: number): number {
  for (let k = last; k > 0; k--) {
    const around = Math.abs(a[(k - 1) * n + k - 1] as number) + Math.abs(a[k * n + k] as number);
    if (Math.abs(a[k * n + k - 1] as number) <= Number.EPSILON * (around || 1)) {
      a[k * n + k - 1] = 0;
      return k;
    }
  }
  return 0;
}

/** The eigenvalues of the 2 × 2 block that ends at `last`. */
function setPair({ real, imaginary }: Eigenvalues, a: Float64Array, n: number, last: number, shift: number): void {
  const x = a[last * n + last] as number;
  const half = ((a[(last - 1) * n + last - 1] as number) - x) / 2;
  const discriminant = half * half + (a[last * n + last - 1] as number) * (a[(last - 1) * n + last] as number);
  const root = Math.sqrt(Math.abs(discriminant));
  if (discriminant < 0) {
    real[last - 1] = real[last] = x + half + shift;
    imaginary[last - 1] = root;
    imaginary[last] = -root;
    return;
  }
  const larger = half + (half >= 0 ? root : -root);
  real[last - 1] = x + larger + shift;
  // The product of both is known: no cancellation.
  real[last] = larger === 0 ? x + shift : x - ((a[last * n + last - 1] as number) * (a[(last - 1) * n + last] as number)) / larger + shift;
}

/** One implicit double-shift QR step on rows `first` to `last`, with shifts of sum z + y and product z·y − product. */
function francisStep(a: Float64Array, n: number, first: number, last: number, z: number, y: number, product: number): void {
  const at = (i: number, j: number): number => a[i * n + j] as number;
  let column: [number, number, number] = [0, 0, 0];
  let m = last - 2;
  for (; m >= first; m--) {
    const [p, q] = [z - at(m, m), y - at(m, m)];
    column = [(p * q - product) / at(m + 1, m) + at(m, m + 1), at(m + 1, m + 1) - at(m, m) - p - q, at(m + 2, m + 1)];
    const size = Math.abs(column[0]) + Math.abs(column[1]) + Math.abs(column[2]);
    column = [column[0] / size, column[1] / size, column[2] / size];
    if (m === first) break;
    const small = Math.abs(at(m, m - 1)) * (Math.abs(column[1]) + Math.abs(column[2]));
    const large = Math.abs(column[0]) * (Math.abs(at(m - 1, m - 1)) + Math.abs(at(m, m)) + Math.abs(at(m + 1, m + 1)));
    if (small <= Number.EPSILON * large) break;
  }
  for (let i = m + 2; i <= last; i++) {
    a[i * n + i - 2] = 0;
    if (i > m + 2) a[i * n + i - 3] = 0;
  }
  for (let k = m; k < last; k++) {
    const isPair = k === last - 1;
    let scale = 1;
    if (k > m) {
      column = [at(k, k - 1), at(k + 1, k - 1), isPair ? 0 : at(k + 2, k - 1)];
      scale = Math.abs(column[0]) + Math.abs(column[1]) + Math.abs(column[2]);
      if (scale === 0) continue;
      column = [column[0] / scale, column[1] / scale, column[2] / scale];
    }
    const [p, q, r] = column;
    const s = Math.sign(p || 1) * Math.hypot(p, q, r);
    if (s === 0) continue;
    if (k > m) a[k * n + k - 1] = -s * scale;
    else if (first !== m) a[k * n + k - 1] = -at(k, k - 1);
    // The Householder reflection I − v wᵀ that takes the column to one number.
    const v = [(p + s) / s, q / s, r / s] as const;
    const w = [1, q / (p + s), r / (p + s)] as const;
    reflect(a, n, k, isPair ? 2 : 3, v, w, first, last);
  }
}

function reflect(
  a: Float64Array,
  n: number,
  k: number,
  size: 2 | 3,
  v: readonly [number, number, number],
  w: readonly [number, number, number],
  first: number,
  last: number,
): void {
  const add = (index: number, x: number): void => {
    a[index] = (a[index] as number) + x;
  };
  for (let j = k; j <= last; j++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (w[i] as number) * (a[(k + i) * n + j] as number);
    for (let i = 0; i < size; i++) add((k + i) * n + j, -sum * (v[i] as number));
  }
  for (let i = first; i <= Math.min(last, k + 3); i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (v[j] as number) * (a[i * n + k + j] as number);
    for (let j = 0; j < size; j++) add(i * n + k + j, -sum * (w[j] as number));
  }
}
