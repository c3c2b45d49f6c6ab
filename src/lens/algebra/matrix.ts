/** A real matrix in float64, row-major: small ones, whose properties are wanted more exactly than float32 gives them. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export function matrix(rows: number, columns: number, value: (row: number, column: number) => number): Matrix {
  const data = new Float64Array(rows * columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[at++] = value(i, j);
  return { rows, columns, data };
}

export function transposed({ rows, columns, data }: Matrix): Matrix {
  return matrix(columns, rows, (i, j) => data[j * columns + i] as number);
}

/** A B */
export function product(a: Matrix, b: Matrix): Matrix {
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    const row = data.subarray(i * b.columns, (i + 1) * b.columns);
    for (let k = 0; k < a.columns; k++) {
      const x = a.data[i * a.columns + k] as number;
      const from = k * b.columns;
      for (let j = 0; j < b.columns; j++) row[j] = (row[j] as number) + x * (b.data[from + j] as number);
    }
  }
  return { rows: a.rows, columns: b.columns, data };
}

/** Aᵀ A */
export function gram(a: Matrix): Matrix {
  return product(transposed(a), a);
}
