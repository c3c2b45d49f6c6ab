import type { TokenBatch, TokenSequence } from '../data.js';

/** Does something with values once they are there: at once where all of them are. */
export function whenRead<T, R>(values: readonly (T | Promise<T>)[], then: (values: T[]) => R): R | Promise<R> {
  const isThere = (value: T | Promise<T>): value is T => !(value instanceof Promise);
  return values.every(isThere) ? then([...values]) : Promise.all(values).then(then);
}

/** Rows of `length` tokens that begin at `starts`, and for each token the one after it. */
export function rowsAt(tokens: TokenSequence, starts: readonly number[], length: number): TokenBatch | Promise<TokenBatch> {
  const reads = starts.map((start) => tokens.read(start, start + length + 1));
  return whenRead(reads, (rows) => {
    const inputs = new Int32Array(rows.length * length);
    const targets = new Int32Array(rows.length * length);
    rows.forEach((row, b) => {
      inputs.set(row.subarray(0, length), b * length);
      targets.set(row.subarray(1), b * length);
    });
    return { inputs, targets };
  });
}
