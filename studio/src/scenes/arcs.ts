import { edgeLabels, widest } from './labels.js';
import type { Mark, Scene } from './scene.js';

/** An edge of attention: the query looks, the key is looked at. */
export interface Edge {
  readonly query: number;
  readonly key: number;
  readonly weight: number;
}

export interface ArcsData {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** The tokens as a reader sees them. */
  readonly labels: readonly string[];
  /** Strongest first. */
  readonly edges: readonly Edge[];
  readonly top: number;
  /** The query whose edges stand out. */
  readonly query?: number | undefined;
}

const SIZE = 12.5;
/** The least room of a token, in pixels: what does not fit is scrolled to. */
const LEAST = 15;

/** How wide a line of tokens under arcs must be. */
export function arcsWidth(labels: readonly string[], room: number): number {
  return Math.max(room, labels.length * LEAST + 32);
}

/** Tokens along a line; over them an arc from each query to the key that it looks at, as thick as its weight. */
export function arcsScene(data: ArcsData): Scene {
  const { width, height, labels, edges, top, query } = data;
  const count = labels.length;
  const { step, x } = placed(data);
  const upright = edgeLabels(labels).upright || step > widest(labels, SIZE) + 6;
  const room = upright ? 26 : widest(labels, SIZE) + 14;
  const base = height - room;
  const lift = (base - 14) / Math.max(1, Math.sqrt(count - 1));
  const marks: Mark[] = [];
  // The weakest first, so that the strongest lie on top; those of the chosen query last.
  const order = [...edges].reverse();
  const arcs = query === undefined ? order : [...order.filter((e) => e.query !== query), ...order.filter((e) => e.query === query)];
  for (const { query: from, key: to, weight } of arcs) {
    const share = Math.min(1, Math.abs(weight) / top);
    const chosen = from === query;
    const faded = query !== undefined && !chosen;
    const stroke = chosen ? 'accent' : weight < 0 ? 'negative' : 'positive';
    const opacity = (0.12 + 0.88 * Math.sqrt(share)) * (faded ? 0.4 : 0.9);
    const thickness = 0.6 + 5 * share;
    const rise = from === to ? 16 : lift * Math.sqrt(Math.abs(from - to)) * 1.32;
    const reach = from === to ? 11 : 0;
    const points = [x(from), base, x(from) + reach, base - rise, x(to) - reach, base - rise, x(to), base];
    marks.push({ kind: 'line', points, curve: 'cubic', stroke, width: thickness, opacity });
  }
  marks.push({
    kind: 'line',
    points: [Math.max(0, x(0) - step / 2), base + 1, x(count - 1) + step / 2, base + 1],
    stroke: 'line',
    width: 1,
  });
  edgeLabels(labels).short.forEach((text, position) => {
    const chosen = position === query;
    const common = { kind: 'text', text, size: SIZE, mono: true, fill: chosen ? 'accent' : 'ink', bold: chosen } as const;
    if (upright) marks.push({ ...common, x: x(position), y: base + 18, anchor: 'middle' });
    else marks.push({ ...common, x: x(position) + SIZE * 0.35, y: base + 8, anchor: 'end', upwards: true });
  });
  return { width, height, title: data.title, marks };
}

/** The token under a point, or undefined. */
export function arcsTokenAt(data: Pick<ArcsData, 'width' | 'labels'>, x: number): number | undefined {
  const { step, x: xOf } = placed(data);
  const position = Math.round((x - xOf(0)) / step);
  return position >= 0 && position < data.labels.length ? position : undefined;
}

/** Where a token stands. */
export function arcsTokenX(data: Pick<ArcsData, 'width' | 'labels'>, position: number): number {
  return placed(data).x(position);
}

/** The tokens along the line: the room of each, and its middle. */
function placed({ width, labels }: Pick<ArcsData, 'width' | 'labels'>): { step: number; x(position: number): number } {
  const step = Math.min(64, (width - 32) / Math.max(1, labels.length));
  const start = (width - step * labels.length) / 2 + step / 2;
  return { step, x: (position) => start + position * step };
}
