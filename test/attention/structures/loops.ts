import type { Read } from '../prove.js';

/** 0 … n−1 */
export function range(n: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < n; i++) out.push(i);
  return out;
}

/** Σ_i f(i) over i = 0 … n−1 */
export function sum(n: number, f: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += f(i);
  return total;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** x W (+ b) of one row. */
export function affine(row: readonly number[], weight: Read, to: number, bias?: Read): number[] {
  return range(to).map((j) => sum(row.length, (i) => (row[i] as number) * weight(i, j)) + (bias?.(j) ?? 0));
}

/** Part `i` of a row that is cut into parts of `width` numbers. */
export const part = (row: readonly number[], i: number, width: number): number[] => row.slice(i * width, (i + 1) * width);

export const dot = (a: readonly number[], b: readonly number[]): number => sum(a.length, (i) => (a[i] as number) * (b[i] as number));

/** e^{s_j} / Σ_k e^{s_k} over those allowed; zeros where none is. */
export function softmax(scores: readonly number[], allowed: (j: number) => boolean = () => true): number[] {
  const raised = scores.map((s, j) => (allowed(j) ? Math.exp(s) : 0));
  const total = raised.reduce((a, b) => a + b, 0);
  return raised.map((e) => (total === 0 ? 0 : e / total));
}

/** (x − mean) / √(variance + ε) · w + b */
export function layerNorm(row: readonly number[], weight: Read, bias: Read, epsilon = 1e-5): number[] {
  const mean = sum(row.length, (i) => row[i] as number) / row.length;
  const variance = sum(row.length, (i) => ((row[i] as number) - mean) ** 2) / row.length;
  return row.map((x, i) => ((x - mean) / Math.sqrt(variance + epsilon)) * weight(i) + bias(i));
}

/** x / √(mean(x²) + ε) · w */
export function rmsNorm(row: readonly number[], weight: Read, epsilon: number): number[] {
  const root = Math.sqrt(dot(row, row) / row.length + epsilon);
  return row.map((x, i) => (x / root) * weight(i));
}

/** Pairs (i, i + n/2), or neighbours, turned by position · 10000^(−2i/n). */
export function turned(row: readonly number[], position: number, interleaved = false): number[] {
  const out = [...row];
  const half = row.length / 2;
  for (let i = 0; i < half; i++) {
    const [a, b] = interleaved ? [2 * i, 2 * i + 1] : [i, i + half];
    const angle = position * 10000 ** (-i / half);
    out[a] = (row[a] as number) * Math.cos(angle) - (row[b] as number) * Math.sin(angle);
    out[b] = (row[b] as number) * Math.cos(angle) + (row[a] as number) * Math.sin(angle);
  }
  return out;
}
