import type { Heat } from './scene.js';
import { rampPixels, type ThemeName } from './theme.js';

/**
 * A heat's cells as pixels, one a cell, [rows, columns] of 0xAABBGGRR; masked cells, and scores that are −∞, are transparent.
 * The step of a cell is √(|value| / top), as `levelOf` has it: computed here without calls, for a quarter million cells a frame.
 */
export function heatPixels(
  heat: Pick<Heat, 'rows' | 'columns' | 'values' | 'top' | 'maskedFrom'>,
  theme: ThemeName,
): Uint32Array<ArrayBuffer> {
  const { rows, columns, values, top, maskedFrom } = heat;
  const table = rampPixels(theme);
  const out = new Uint32Array(rows * columns);
  const scale = top > 0 ? 1 / top : 0;
  for (let row = 0, at = 0; row < rows; row++) {
    const end = Math.max(0, Math.min(columns, row + maskedFrom));
    for (let column = 0; column < end; column++, at++) {
      const value = values[at] as number;
      const magnitude = Math.abs(value);
      if (!(magnitude < Number.POSITIVE_INFINITY)) continue;
      const level = Math.round(255 * Math.sqrt(Math.min(1, magnitude * scale)));
      out[at] = table[value < 0 ? level + 256 : level] as number;
    }
    at += columns - end;
  }
  return out;
}
