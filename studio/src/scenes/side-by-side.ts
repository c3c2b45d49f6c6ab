import type { Edge } from './arcs.js';
import { edgeLabel, widest } from './labels.js';
import type { Mark, Scene } from './scene.js';

export interface SideBySideData {
  readonly title: string;
  readonly width: number;
  /** The tokens that look, at the left. */
  readonly queries: readonly string[];
  /** The tokens looked at, at the right. */
  readonly keys: readonly string[];
  readonly edges: readonly Edge[];
  readonly top: number;
  readonly query?: number | undefined;
}

const SIZE = 13;
const ROW = 21;

/** Two columns of tokens, the looking ones left, and a line for each edge: cross-attention, or one text against itself. */
export function sideBySideScene(data: SideBySideData): Scene {
  const { width, queries, keys, edges, top, query } = data;
  const height = Math.max(queries.length, keys.length) * ROW + 12;
  const left = Math.min(width * 0.35, widest(queries, SIZE) + 22);
  const right = width - Math.min(width * 0.35, widest(keys, SIZE) + 22);
  const y = (position: number): number => 6 + (position + 0.5) * ROW;
  const marks: Mark[] = [];
  for (const { query: from, key: to, weight } of [...edges].reverse()) {
    const share = Math.min(1, Math.abs(weight) / top);
    const chosen = from === query;
    const faded = query !== undefined && !chosen;
    const bend = (right - left) * 0.4;
    marks.push({
      kind: 'line',
      points: [left, y(from), left + bend, y(from), right - bend, y(to), right, y(to)],
      curve: 'cubic',
      stroke: chosen ? 'accent' : weight < 0 ? 'negative' : 'positive',
      width: 0.6 + 5 * share,
      opacity: (0.12 + 0.88 * Math.sqrt(share)) * (faded ? 0.22 : 0.85),
    });
  }
  const row = query === undefined ? [] : edges.filter((edge) => edge.query === query);
  for (const { key, weight } of row)
    marks.push({
      kind: 'rect',
      x: right + 3,
      y: y(key) - ROW / 2 + 1,
      width: width - right - 4,
      height: ROW - 2,
      fill: { weight, top },
      radius: 3,
    });
  const over = new Map(row.map(({ key, weight }) => [key, { weight, top }]));
  queries.forEach((text, at) => {
    const chosen = at === query;
    marks.push({
      kind: 'text',
      x: left - 8,
      y: y(at) + 4.5,
      text: edgeLabel(text),
      size: SIZE,
      mono: true,
      anchor: 'end',
      fill: chosen ? 'accent' : 'ink',
      bold: chosen,
    });
  });
  keys.forEach((text, at) => {
    const on = over.get(at);
    const paint = on ? ({ fill: 'over', on } as const) : ({ fill: 'ink' } as const);
    marks.push({ kind: 'text', x: right + 8, y: y(at) + 4.5, text: edgeLabel(text), size: SIZE, mono: true, ...paint });
  });
  return { width, height, title: data.title, marks };
}

/** The query under a point, or undefined where none is. */
export function sideBySideQueryAt(count: number, y: number): number | undefined {
  const position = Math.floor((y - 6) / ROW);
  return position >= 0 && position < count ? position : undefined;
}
