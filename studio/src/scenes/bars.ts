import { edgeLabel, percentText } from './labels.js';
import type { Mark, Scene } from './scene.js';

export interface Bar {
  /** The token as a reader sees it. */
  readonly label: string;
  readonly probability: number;
  /** What it was without the changes. */
  readonly before?: number | undefined;
}

/** Probabilities of what comes next; where there is a before, it stands thin under the after. */
export function barsScene(title: string, bars: readonly Bar[], width: number): Scene {
  const row = 30;
  const left = 118;
  const room = width - left - 74;
  const most = Math.max(...bars.flatMap((bar) => [bar.probability, bar.before ?? 0]), 1e-9);
  const marks: Mark[] = [];
  bars.forEach(({ label, probability, before }, i) => {
    const y = 8 + i * row;
    marks.push({ kind: 'text', x: left - 8, y: y + 15, text: edgeLabel(label), size: 13, mono: true, anchor: 'end', fill: 'ink' });
    marks.push({
      kind: 'rect',
      x: left,
      y: y + 4,
      width: Math.max(1, (room * probability) / most),
      height: before === undefined ? 15 : 10,
      fill: 'positive',
      radius: 2,
    });
    if (before !== undefined)
      marks.push({
        kind: 'rect',
        x: left,
        y: y + 16,
        width: Math.max(1, (room * before) / most),
        height: 5,
        fill: 'quiet',
        opacity: 0.5,
        radius: 1,
      });
    const text = before === undefined ? percentText(probability) : `${percentText(before)} → ${percentText(probability)}`;
    marks.push({ kind: 'text', x: width - 4, y: y + 15, text, size: before === undefined ? 12.5 : 10.5, anchor: 'end', fill: 'quiet' });
  });
  return { width, height: bars.length * row + 16, title, marks };
}
