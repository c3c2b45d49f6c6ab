import type { Adafactor, Lion, Muon } from '#dist/train/optimizers/index.js';

/** One parameter under one optimiser in float64, as the papers' equations have it: plain loops over plain arrays. */
export type Textbook = (p: number[], g: readonly number[], t: number) => void;

type Matrix = number[][];

const at = <T>(x: readonly T[], i: number): T => x[i] as T;
const grid = (x: readonly number[], rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, (_, i) => x.slice(i * columns, (i + 1) * columns));
const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);
const rms = (x: readonly number[]): number => Math.sqrt(sum(x.map((y) => y * y)) / x.length);
const transpose = (x: Matrix): Matrix => at(x, 0).map((_, j) => x.map((row) => at(row, j)));
const product = (a: Matrix, b: Matrix): Matrix => {
  const columns = transpose(b);
  return a.map((row) => columns.map((column) => row.reduce((total, x, k) => total + x * at(column, k), 0)));
};
const combine = (s: number, a: Matrix, t: number, b: Matrix): Matrix => a.map((row, i) => row.map((x, j) => s * x + t * at(at(b, i), j)));

/** Chen et al. 2023, algorithm 2. */
export function lionTextbook({ lr, betas: [beta1, beta2], weightDecay }: Lion): Textbook {
  const m: number[] = [];
  return (p, g) => {
    g.forEach((x, i) => {
      const c = beta1 * (m[i] ?? 0) + (1 - beta1) * x;
      p[i] = at(p, i) - lr * (Math.sign(c) + weightDecay * at(p, i));
      m[i] = beta2 * (m[i] ?? 0) + (1 - beta2) * x;
    });
  };
}

/** Shazeer and Stern 2018, algorithm 4 with sums, as it is printed; algorithm 5 for vectors; 6 for the rates. */
export function adafactorTextbook(options: Adafactor, shape: readonly number[]): Textbook {
  const { lr, relative, beta1, decayRate, clipThreshold, epsilons, weightDecay } = options;
  const columns = shape.at(-1) ?? 1;
  const rows = shape.at(-2) ?? 1;
  const [rowSums, columnSums, seconds, firsts]: [number[], number[], number[], number[]] = [[], [], [], []];
  return (p, g, t) => {
    const beta2 = 1 - t ** -decayRate;
    const squares = g.map((x) => x * x + epsilons[0]);
    const variance = (k: number): number => {
      if (shape.length < 2) return at(seconds, k);
      const slice = Math.floor(k / (rows * columns));
      const all = sum(rowSums.slice(slice * rows, (slice + 1) * rows));
      return (at(rowSums, Math.floor(k / columns)) * at(columnSums, slice * columns + (k % columns))) / all;
    };
    const average = (kept: number[], i: number, value: number): void => {
      kept[i] = beta2 * (kept[i] ?? 0) + (1 - beta2) * value;
    };
    if (shape.length < 2) {
      squares.forEach((x, i) => {
        average(seconds, i, x);
      });
    } else {
      for (let slice = 0; slice < g.length / (rows * columns); slice++) {
        const matrix = grid(squares.slice(slice * rows * columns), rows, columns);
        matrix.forEach((row, i) => {
          average(rowSums, slice * rows + i, sum(row));
        });
        transpose(matrix).forEach((column, j) => {
          average(columnSums, slice * columns + j, sum(column));
        });
      }
    }
    const u = g.map((x, k) => x / Math.sqrt(variance(k)));
    const alpha = relative ? Math.max(epsilons[1], rms(p)) * Math.min(lr, 1 / Math.sqrt(t)) : lr;
    const clip = Math.max(1, rms(u) / clipThreshold);
    u.forEach((x, k) => {
      firsts[k] = beta1 * (firsts[k] ?? 0) + (1 - beta1) * ((alpha * x) / clip);
      p[k] = at(p, k) - at(firsts, k) - lr * weightDecay * at(p, k);
    });
  };
}

/** Jordan et al. 2024 on PyTorch's [out,in]: so a weight of ours is turned first, each part by itself. */
export function muonTextbook(options: Muon, [rows = 1, width = 1]: readonly number[], parts = 1): Textbook {
  const { lr, momentum, nesterov, steps, weightDecay } = options;
  const columns = width / parts;
  const buffer: number[] = [];
  return (p, g) => {
    const d = g.map((x, i) => {
      buffer[i] = momentum * (buffer[i] ?? 0) + x;
      return nesterov ? x + momentum * at(buffer, i) : at(buffer, i);
    });
    for (let part = 0; part < parts; part++) {
      const ours = grid(d, rows, width).map((row) => row.slice(part * columns, (part + 1) * columns));
      const theirs = transpose(ours); // [out,in]
      const update = orthogonalise(theirs, steps).map((row) => row.map((x) => x * Math.sqrt(Math.max(1, columns / rows))));
      transpose(update).forEach((row, i) => {
        row.forEach((x, j) => {
          const k = i * width + part * columns + j;
          p[k] = at(p, k) - lr * (x + weightDecay * at(p, k));
        });
      });
    }
  };
}

function orthogonalise(g: Matrix, steps: number): Matrix {
  const norm = Math.sqrt(sum(g.flat().map((x) => x * x))) + 1e-7;
  const tall = g.length > at(g, 0).length;
  let x = (tall ? transpose(g) : g).map((row) => row.map((y) => y / norm));
  for (let i = 0; i < steps; i++) {
    const a = product(x, transpose(x));
    const b = combine(-4.775, a, 2.0315, product(a, a));
    x = combine(3.4445, x, 1, product(b, x));
  }
  return tall ? transpose(x) : x;
}
