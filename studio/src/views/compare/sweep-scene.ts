import type { SweepBy, SweepCell } from '#dist/server/protocol/index.js';
import type { Mark, Scene } from '../../scenes/scene.js';

export interface SweepPicture {
  readonly title: string;
  readonly width: number;
  readonly cells: readonly SweepCell[];
  readonly by: SweepBy;
  readonly layers: number;
  /** What layers are called; `L0`, … by default. */
  readonly marks?: readonly string[] | undefined;
  /** Heads, or positions. */
  readonly columns: number;
  /** The tokens, where columns are positions. */
  readonly labels?: readonly string[] | undefined;
}

const LEFT = 26;
const TOP = 18;

/** How much each place regains: layers down, heads or positions across; of head and position the best head of each. */
export function sweepScene({ title, width, cells, by, marks: names, layers, columns, labels }: SweepPicture): Scene {
  const { cell, height } = sizeOf({ width, layers, columns });
  const values = new Float32Array(layers * columns).fill(Number.NaN);
  for (const { layer, head, position, regained } of cells) {
    const at = layer * columns + ((by === 'head' ? head : position) ?? 0);
    const kept = values[at] as number;
    if (Number.isNaN(kept) || Math.abs(regained) > Math.abs(kept)) values[at] = regained;
  }
  const marks: Mark[] = [
    { kind: 'rect', x: LEFT, y: TOP, width: cell * columns, height: cell * layers, fill: 'hatch', radius: 2 },
    {
      kind: 'heat',
      x: LEFT,
      y: TOP,
      width: cell * columns,
      height: cell * layers,
      rows: layers,
      columns,
      values,
      top: 1,
      maskedFrom: Number.POSITIVE_INFINITY,
    },
  ];
  for (let layer = 0; layer < layers; layer++)
    marks.push({
      kind: 'text',
      x: LEFT - 5,
      y: TOP + (layer + 0.5) * cell + 4,
      text: names?.[layer] ?? `L${layer}`,
      size: 11,
      anchor: 'end',
      fill: 'quiet',
    });
  const every = Math.max(1, Math.ceil((labels ? 12 : 20) / cell));
  for (let column = 0; column < columns; column += every)
    marks.push({
      kind: 'text',
      x: LEFT + (column + 0.5) * cell,
      y: TOP - 5,
      text: labels ? [...(labels[column] ?? '')].slice(0, Math.max(1, Math.floor((cell * every) / 7))).join('') : `H${column}`,
      size: 11,
      mono: labels !== undefined,
      anchor: 'middle',
      fill: 'quiet',
    });
  return { width, height, title, marks };
}

/** The layer and the head or position under a point. */
export function sweepCellAt(
  size: Pick<SweepPicture, 'width' | 'layers' | 'columns'>,
  x: number,
  y: number,
): { layer: number; column: number } | undefined {
  const { cell } = sizeOf(size);
  const layer = Math.floor((y - TOP) / cell);
  const column = Math.floor((x - LEFT) / cell);
  return layer >= 0 && layer < size.layers && column >= 0 && column < size.columns ? { layer, column } : undefined;
}

function sizeOf({ width, layers, columns }: Pick<SweepPicture, 'width' | 'layers' | 'columns'>): { cell: number; height: number } {
  const cell = Math.min(34, Math.max(4, (width - LEFT - 2) / Math.max(1, columns)));
  return { cell, height: TOP + cell * layers + 4 };
}
