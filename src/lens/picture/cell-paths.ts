import { colourOf, levelOf, type Ramp } from './ramp.js';
import type { Cells } from './scene.js';

/** How a square of cells is drawn. */
export interface CellStyle {
  readonly theme: Ramp;
  /** The end of the colour scale. */
  readonly top: number;
  /** Cells of smaller magnitude are left out. */
  readonly skipBelow: number;
  /** Cells above the diagonal are masked, and left out. */
  readonly causal: boolean;
}

/**
 * Cells as SVG paths in units of one cell, row 0 on top: one path per colour, neighbours of one colour in a row merged. Cells of level 0
 * are left out too: they have the ground's own colour.
 */
export function cellPaths(cells: Cells, style: CellStyle): string {
  const paths = new Map<string, string[]>();
  for (let row = 0; row < cells.side; row++) {
    const end = style.causal ? row + 1 : cells.side;
    for (let column = 0; column < end; ) {
      const colour = cellColour(cells, row, column, style);
      let run = 1;
      while (column + run < end && cellColour(cells, row, column + run, style) === colour) run++;
      if (colour !== undefined) {
        const path = paths.get(colour) ?? [];
        path.push(`M${column} ${row}h${run}v1h-${run}z`);
        paths.set(colour, path);
      }
      column += run;
    }
  }
  return Array.from(paths, ([colour, path]) => `<path fill="${colour}" d="${path.join('')}"/>`).join('');
}

/** The staircase of all cells above the diagonal, `cell` units wide each. */
export function maskedPath(side: number, cell = 1): string {
  return `M${cell} 0H${side * cell}V${(side - 1) * cell}${`h-${cell}v-${cell}`.repeat(side - 1)}z`;
}

function cellColour(cells: Cells, row: number, column: number, style: CellStyle): string | undefined {
  const weight = cells.weights[row * cells.side + column] ?? 0;
  const level = levelOf(weight, style.top);
  return level === 0 || Math.abs(weight) < style.skipBelow ? undefined : colourOf(style.theme, level, weight < 0);
}
