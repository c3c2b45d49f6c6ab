/** Two factors of a matrix [rows,columns]: `down` [rows,r] times `up` [r,columns]. */
export interface Factors {
  readonly down: Float32Array;
  readonly up: Float32Array;
}

/** Sweeps of Jacobi's method; it converges quadratically, and 8 to 10 are enough for widths in the thousands. */
const sweeps = 30;

/**
 * The nearest matrix of rank r (Eckart and Young 1936): the r largest singular values and their vectors, W = (U Σ) Vᵀ, by
 * one-sided Jacobi rotations (Hestenes 1958), in float64: columns are turned in pairs until all stand at right angles.
 * @param values [rows,columns]
 */
export function bestRank(values: Float32Array, rows: number, columns: number, rank: number): Factors {
  // The smaller side is turned: a column is then a row of the transpose.
  const wide = columns > rows;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const at = (i: number, j: number): number => values[wide ? i * columns + j : j * columns + i] as number;
  const vectors = Array.from({ length: count }, (_, i) => Float64Array.from({ length }, (__, j) => at(i, j)));
  const turns = Array.from({ length: count }, (_, i) => Float64Array.from({ length: count }, (__, j) => Number(i === j)));
  for (let sweep = 0; sweep < sweeps; sweep++) if (!turnAll(vectors, turns)) break;
  const sizes = vectors.map((v) => dot(v, v));
  const order = [...sizes.keys()].sort((a, b) => (sizes[b] as number) - (sizes[a] as number)).slice(0, rank);
  const [down, up] = [new Float32Array(rows * rank), new Float32Array(rank * columns)];
  // W's columns (or rows) are Σ_k turns[k][i] · vectors[k]: a vector is a direction times its singular value.
  order.forEach((k, r) => {
    const [vector, turn] = [vectors[k] as Float64Array, turns[k] as Float64Array];
    for (let i = 0; i < rows; i++) down[i * rank + r] = (wide ? turn[i] : vector[i]) as number;
    for (let j = 0; j < columns; j++) up[r * columns + j] = (wide ? vector[j] : turn[j]) as number;
  });
  return { down, up };
}

/** Turns every pair once; whether any was turned. */
function turnAll(vectors: readonly Float64Array[], turns: readonly Float64Array[]): boolean {
  let turned = false;
  for (let p = 0; p < vectors.length; p++) {
    for (let q = p + 1; q < vectors.length; q++) {
      const [a, b] = [vectors[p] as Float64Array, vectors[q] as Float64Array];
      const [alpha, beta, gamma] = [dot(a, a), dot(b, b), dot(a, b)];
      if (Math.abs(gamma) <= 1e-14 * Math.sqrt(alpha * beta)) continue;
      turned = true;
      const zeta = (beta - alpha) / (2 * gamma);
      const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const cosine = 1 / Math.sqrt(1 + t * t);
      turn(a, b, cosine, cosine * t);
      turn(turns[p] as Float64Array, turns[q] as Float64Array, cosine, cosine * t);
    }
  }
  return turned;
}

function turn(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
