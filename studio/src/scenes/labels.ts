import { columns, shorten } from '#dist/lens/picture/token-text.js';

/** Width of a monospaced character, as a share of its size. */
export const ADVANCE = 0.61;

/** The room that labels of a size take, in pixels. */
export function widest(labels: readonly string[], size: number): number {
  return Math.ceil(edgeLabels(labels).columns * size * ADVANCE);
}

/** Texts of tokens for the edge of a picture. */
export interface EdgeLabels {
  /** Cut to what an edge has room for. */
  readonly short: readonly string[];
  /** Columns of the widest. */
  readonly columns: number;
  /** Whether each is one character, and so can stand upright on top. */
  readonly upright: boolean;
}

const known = new WeakMap<readonly string[], EdgeLabels>();

/** Measured once for a list: a pan asks for the same at every frame, and thousands of texts take long to cut. */
export function edgeLabels(labels: readonly string[]): EdgeLabels {
  const kept = known.get(labels);
  if (kept) return kept;
  const short = labels.map(edgeLabel);
  const made = {
    short,
    columns: short.reduce((most, label) => Math.max(most, columns(label)), 0),
    upright: short.every((label) => [...label].length === 1),
  };
  known.set(labels, made);
  return made;
}

/** A token's text for the edge of a matrix. */
export function edgeLabel(shown: string): string {
  // Most tokens are plain and short: only others are cut by what a reader sees as one character.
  return shown.length <= 12 ? shown : shorten(shown, 12);
}

/** A number as people read it: four significant digits, a true minus sign, an exponent only where it must be. */
export function numberText(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  if (Math.abs(value) >= 10_000 && Math.abs(value) < 1e9) return Math.round(value).toLocaleString('en').replace('-', '−');
  const magnitude = Math.abs(value);
  const text = magnitude >= 1e9 || magnitude < 1e-4 ? value.toExponential(digits - 2) : value.toPrecision(digits);
  return text.replaceAll('-', '−');
}

/** A probability as a percentage, to a tenth; below that, how far below. */
export function percentText(p: number): string {
  if (p >= 0.9995) return '100%';
  if (p >= 0.0995) return `${(100 * p).toFixed(1)}%`;
  if (p >= 0.0001) return `${(100 * p).toFixed(2)}%`;
  return p === 0 ? '0%' : '<0.01%';
}

/** A count as people read it: 812, 26,400, 0.8M, 10.8M, 1.2B. */
export function countText(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}B`;
  if (count >= 1e5) return `${(count / 1e6).toFixed(count >= 1e7 ? 1 : 2)}M`;
  return count.toLocaleString('en');
}
