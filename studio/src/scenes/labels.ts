import { columns, shorten } from '#dist/lens/picture/token-text.js';

/** Width of a monospaced character, as a share of its size. */
export const ADVANCE = 0.61;

/** The room that labels of a size take, in pixels. */
export function widest(labels: readonly string[], size: number): number {
  let most = 0;
  for (const label of labels) most = Math.max(most, columns(label));
  return Math.ceil(most * size * ADVANCE);
}

/** A token's text for the edge of a matrix. */
export function edgeLabel(shown: string): string {
  return shorten(shown, 12);
}

/** A number as people read it: four significant digits, a true minus sign, an exponent only where it must be. */
export function numberText(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  const text = magnitude >= 1e5 || magnitude < 1e-4 ? value.toExponential(digits - 2) : value.toPrecision(digits);
  return text.replace('-', '−');
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
