import type { Mark, Scene } from './scene.js';

/** One head on a contact sheet. */
export interface SheetHead {
  readonly label: string;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
  readonly top: number;
  readonly causal: boolean;
  readonly note?: string;
}

const SIDE = 86;
const ROOM = 108;

/** Heads as small pictures in rows, a label and a note under each. */
export function sheetScene(title: string, heads: readonly SheetHead[], across: number): Scene {
  const marks: Mark[] = [];
  heads.forEach(({ label, rows, columns, values, top, causal, note }, i) => {
    const x = 12 + (i % across) * ROOM;
    const y = 12 + Math.floor(i / across) * (ROOM + 22);
    const scale = SIDE / Math.max(rows, columns);
    marks.push({ kind: 'rect', x, y, width: columns * scale, height: rows * scale, fill: 'hatch' });
    marks.push({
      kind: 'heat',
      x,
      y,
      width: columns * scale,
      height: rows * scale,
      rows,
      columns,
      values,
      top,
      maskedFrom: causal && rows === columns ? 1 : Number.POSITIVE_INFINITY,
    });
    marks.push({ kind: 'text', x, y: y + SIDE + 15, text: label, size: 12, fill: 'ink', bold: true });
    if (note) marks.push({ kind: 'text', x: x + SIDE, y: y + SIDE + 15, text: note, size: 11.5, fill: 'quiet', anchor: 'end' });
  });
  return { width: 12 + Math.min(across, heads.length) * ROOM, height: 12 + Math.ceil(heads.length / across) * (ROOM + 22), title, marks };
}
