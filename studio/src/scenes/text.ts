import { columns } from '#dist/lens/picture/token-text.js';
import { ADVANCE, numberText } from './labels.js';
import type { Mark, Scene } from './scene.js';

export interface TextData {
  readonly title: string;
  readonly width: number;
  readonly labels: readonly string[];
  /** The weight of each token, or undefined where it cannot be looked at. */
  readonly weights: readonly (number | undefined)[];
  readonly top: number;
  /** The token that looks (or is looked at). */
  readonly at: number;
  /** Writes each token's weight under it. */
  readonly numbers: boolean;
}

/** Where each token of a running text stands. */
export interface TextPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const SIZE = 16;
const PAD = 3;

/** Lines of tokens, broken where the width ends, and after a line end of the text. */
export function textPlaces({ labels, width, numbers }: Pick<TextData, 'labels' | 'width' | 'numbers'>): {
  places: TextPlace[];
  height: number;
  line: number;
} {
  const line = numbers ? 44 : 30;
  const places: TextPlace[] = [];
  let x = 0;
  let y = 0;
  for (const label of labels) {
    const own = Math.max(columns(label) * SIZE * ADVANCE + 2 * PAD, numbers ? 36 : 0);
    if (x > 0 && x + own > width) {
      x = 0;
      y += line;
    }
    places.push({ x, y, width: own });
    x += own + 1;
    if (label.endsWith('⏎')) {
      x = 0;
      y += line;
    }
  }
  return { places, height: y + line, line };
}

/** A text coloured by how much one of its tokens looks at each (or is looked at by each). */
export function textScene(data: TextData): Scene {
  const { labels, weights, top, at, numbers } = data;
  const { places, height } = textPlaces(data);
  const marks: Mark[] = [];
  labels.forEach((text, i) => {
    const { x, y, width } = places[i] as TextPlace;
    const weight = weights[i];
    const on = { weight: weight ?? 0, top };
    const box = { kind: 'rect', x, y: y + 2, width, height: 25, radius: 3 } as const;
    if (weight !== undefined) marks.push({ ...box, fill: on });
    if (i === at) marks.push({ ...box, stroke: 'accent', strokeWidth: 2 });
    const paint = weight === undefined ? ({ fill: 'quiet' } as const) : ({ fill: 'over', on } as const);
    marks.push({ kind: 'text', x: x + width / 2, y: y + 20, text, size: SIZE, mono: true, anchor: 'middle', ...paint });
    if (numbers && weight !== undefined)
      marks.push({
        kind: 'text',
        x: x + width / 2,
        y: y + 39,
        text: top === 1 ? weight.toFixed(2) : numberText(weight, 2),
        size: 10,
        anchor: 'middle',
        fill: 'quiet',
      });
  });
  return { width: data.width, height, title: data.title, marks };
}

/** The token under a point, or undefined. */
export function textTokenAt(places: readonly TextPlace[], line: number, x: number, y: number): number | undefined {
  const at = places.findIndex((place) => y >= place.y && y < place.y + line && x >= place.x && x < place.x + place.width + 1);
  return at < 0 ? undefined : at;
}
