/** Scores of one head: rows are queries, columns keys. */
export type Matrix = readonly (readonly number[])[];

/** What a normaliser makes of one row, of the keys that are allowed; there is at least one. */
type RowRule = (scores: readonly number[], head: number) => number[];

/** What a normaliser makes of a head's scores; what is not allowed has no weight. */
export type NaiveNormaliser = (scores: Matrix, allowed: readonly (readonly boolean[])[], head: number) => number[][];

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** A rule on rows, told of allowed keys only. */
function byRow(rule: RowRule): NaiveNormaliser {
  return (scores, allowed, head) =>
    scores.map((row, t) => {
      const kept = row.flatMap((_, s) => (allowed[t]?.[s] ? [s] : []));
      const weights = new Array<number>(row.length).fill(0);
      if (kept.length === 0) return weights;
      const some = rule(
        kept.map((s) => row[s] as number),
        head,
      );
      kept.forEach((s, i) => {
        weights[s] = some[i] as number;
      });
      return weights;
    });
}

/** The τ at which a falling function reaches 1, by halving. */
function solve(f: (threshold: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  for (let i = 0; i < 200; i++) {
    const middle = (a + b) / 2;
    if (f(middle) > 1) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}

const softmax = (temperature: number): RowRule => {
  return (row) => {
    const e = row.map((s) => Math.exp(s / temperature));
    return e.map((v) => v / total(e));
  };
};

export const naiveSoftmax = (temperature: number): NaiveNormaliser => byRow(softmax(temperature));

export const naiveSink = (sinks: readonly number[]): NaiveNormaliser =>
  byRow((row, head) => {
    const e = row.map(Math.exp);
    return e.map((v) => v / (Math.exp(sinks[head] as number) + total(e)));
  });

/** The simplex's nearest point, by halving for the threshold: another algorithm than sorting. */
export const naiveSparsemax: NaiveNormaliser = byRow((row) => {
  const weights = (tau: number): number[] => row.map((s) => Math.max(s - tau, 0));
  return weights(solve((tau) => total(weights(tau)), Math.min(...row) - 1, Math.max(...row)));
});

export const naiveEntmax15: NaiveNormaliser = byRow((row) => {
  const weights = (tau: number): number[] => row.map((s) => Math.max(s / 2 - tau, 0) ** 2);
  return weights(solve((tau) => total(weights(tau)), Math.min(...row) / 2 - 1, Math.max(...row) / 2));
});

export const naiveSigmoid = (bias: number | undefined): NaiveNormaliser =>
  byRow((row) => row.map((s) => 1 / (1 + Math.exp(-(s + (bias ?? -Math.log(row.length)))))));

export const naiveHard: NaiveNormaliser = byRow((row) => row.map((_, s) => Number(row.indexOf(Math.max(...row)) === s)));

/** Positive numbers, divided by the sums of their columns, then of their rows, n times. */
export const naiveSinkhorn =
  (iterations: number, temperature: number): NaiveNormaliser =>
  (scores, allowed) => {
    let w = scores.map((row, t) => row.map((s, j) => (allowed[t]?.[j] ? Math.exp(s / temperature) : 0)));
    const column = (j: number): number[] => w.map((row) => row[j] as number);
    const queries = allowed.filter((row) => row.includes(true)).length;
    const keys = (scores[0] ?? []).filter((_, j) => allowed.some((row) => row[j])).length;
    for (let n = 0; n < iterations; n++) {
      const sums = (w[0] ?? []).map((_, j) => total(column(j)));
      w = w.map((row) => row.map((v, j) => (v === 0 ? 0 : ((v / (sums[j] as number)) * queries) / keys)));
      w = w.map((row) => row.map((v) => (v === 0 ? 0 : v / total(row))));
    }
    return w;
  };
