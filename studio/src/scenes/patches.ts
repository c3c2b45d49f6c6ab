import type { Mark, Scene } from './scene.js';

export interface PatchesData {
  readonly title: string;
  readonly side: number;
  readonly rows: number;
  readonly columns: number;
  /** [rows × columns] */
  readonly weights: Float32Array;
  readonly top: number;
  /** The patch that looks; −1 for a token that is no patch. */
  readonly at: number;
}

/** An image's patches, each as opaque as little attention it gets: what is looked at shows through. */
export function patchesScene({ title, side, rows, columns, weights, top, at }: PatchesData): Scene {
  const cell = Math.floor(side / Math.max(rows, columns));
  const marks: Mark[] = [
    {
      kind: 'heat',
      x: 0,
      y: 0,
      width: cell * columns,
      height: cell * rows,
      rows,
      columns,
      values: weights,
      top,
      maskedFrom: Number.POSITIVE_INFINITY,
    },
  ];
  const lines: number[] = [];
  for (let i = 1; i < columns; i++) lines.push(i * cell, 0, i * cell, rows * cell);
  for (let i = 1; i < rows; i++) lines.push(0, i * cell, columns * cell, i * cell);
  if (cell >= 8) marks.push({ kind: 'line', points: lines, curve: 'segments', stroke: 'panel', width: 1, opacity: 0.5 });
  if (at >= 0)
    marks.push({
      kind: 'rect',
      x: (at % columns) * cell,
      y: Math.floor(at / columns) * cell,
      width: cell,
      height: cell,
      stroke: 'accent',
      strokeWidth: 2.5,
      radius: 2,
    });
  return { width: cell * columns, height: cell * rows, title, marks };
}
