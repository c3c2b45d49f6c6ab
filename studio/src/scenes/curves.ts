import { ticks } from 'd3-array';
import type { Ink, Mark, Scene } from './scene.js';

/** A curve over steps. */
export interface Curve {
  readonly name: string;
  readonly stroke: Ink;
  readonly steps: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly dots?: boolean;
  readonly faint?: boolean;
  readonly dash?: readonly number[];
}

export interface CurvesData {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly curves: readonly Curve[];
  /** The last step of the axis, where it is known before the curve is. */
  readonly lastStep?: number;
  /** Begins the values' axis at this. */
  readonly from?: number;
  readonly to?: number;
  /** The moment that is looked at. */
  readonly at?: number | undefined;
  /** Moments that can be looked at. */
  readonly stops?: readonly number[];
  readonly axis?: string;
}

const LEFT = 46;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 26;

/** Where steps stand on a panel of curves. */
export function stepScale(data: Pick<CurvesData, 'width' | 'curves' | 'lastStep'>): {
  x(step: number): number;
  step(x: number): number;
  last: number;
} {
  let last = data.lastStep ?? 1;
  for (const { steps } of data.curves) last = Math.max(last, steps[steps.length - 1] ?? 0);
  const room = data.width - LEFT - RIGHT;
  return { x: (step) => LEFT + (room * step) / last, step: (x) => Math.min(last, Math.max(0, ((x - LEFT) / room) * last)), last };
}

/** Curves over the steps of a training run. */
export function curvesScene(data: CurvesData): Scene {
  const { width, height, curves, at, stops = [] } = data;
  const { x, last } = stepScale(data);
  const [low, high] = extent(data);
  const y = (value: number): number => height - BOTTOM - ((height - TOP - BOTTOM) * (value - low)) / (high - low);
  const marks: Mark[] = [];
  for (const value of ticks(low, high, 4)) {
    marks.push({ kind: 'line', points: [LEFT, y(value), width - RIGHT, y(value)], stroke: 'line', width: 1 });
    marks.push({
      kind: 'text',
      x: LEFT - 7,
      y: y(value) + 4,
      text: tickLabel(value),
      size: 11,
      anchor: 'end',
      fill: 'quiet',
    });
  }
  for (const step of ticks(0, last, Math.max(2, Math.floor(width / 110)))) {
    if (!Number.isInteger(step)) continue;
    marks.push({
      kind: 'text',
      x: x(step),
      y: height - 8,
      text: step.toLocaleString('en'),
      size: 11,
      anchor: step === 0 ? 'start' : x(step) > width - 40 ? 'end' : 'middle',
      fill: 'quiet',
    });
  }
  for (const step of stops)
    marks.push({ kind: 'line', points: [x(step), height - BOTTOM, x(step), height - BOTTOM + 5], stroke: 'quiet', width: 1.5 });
  for (const curve of curves) marks.push(...drawn(curve, x, y, width));
  if (at !== undefined) {
    marks.push({ kind: 'line', points: [x(at), TOP - 6, x(at), height - BOTTOM], stroke: 'accent', width: 1.5 });
    for (const curve of curves) {
      const value = valueAt(curve, at);
      if (value !== undefined)
        marks.push({
          kind: 'rect',
          x: x(at) - 4,
          y: y(value) - 4,
          width: 8,
          height: 8,
          radius: 4,
          fill: 'panel',
          stroke: curve.stroke,
          strokeWidth: 2,
        });
    }
  }
  return { width, height, title: data.title, marks };
}

/** A tick of the values' axis, short: 0.5, 12, 150k. */
function tickLabel(value: number): string {
  return Math.abs(value) >= 1000 ? `${Number((value / 1000).toPrecision(3))}k` : String(Number(value.toPrecision(3))).replace('-', '−');
}

/** The value of a curve at a step, or at the last step before it. */
export function valueAt({ steps, values }: Pick<Curve, 'steps' | 'values'>, step: number): number | undefined {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as number) <= step) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : values[low - 1];
}

function extent({ curves, from, to }: CurvesData): [number, number] {
  let low = from ?? Number.POSITIVE_INFINITY;
  let high = to ?? Number.NEGATIVE_INFINITY;
  for (const { values } of curves) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(low < high)) return Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
  return [low, high];
}

function drawn(curve: Curve, x: (step: number) => number, y: (value: number) => number, width: number): Mark[] {
  const points: number[] = [];
  const dots: Mark[] = [];
  const count = curve.steps.length;
  // More points than pixels would be drawn over each other: of each pixel's points the lowest and the highest are kept.
  const group = Math.max(1, Math.floor((2 * count) / width));
  for (let start = 0; start < count; start += group) {
    let lowest = -1;
    let highest = -1;
    for (let i = start; i < Math.min(count, start + group); i++) {
      const value = curve.values[i] as number;
      if (!Number.isFinite(value)) continue;
      if (lowest < 0 || value < (curve.values[lowest] as number)) lowest = i;
      if (highest < 0 || value > (curve.values[highest] as number)) highest = i;
    }
    for (const i of lowest === highest ? [lowest] : [Math.min(lowest, highest), Math.max(lowest, highest)])
      if (i >= 0) points.push(x(curve.steps[i] as number), y(curve.values[i] as number));
  }
  if (curve.dots)
    for (let i = 0; i + 1 < points.length; i += 2)
      dots.push({
        kind: 'rect',
        x: (points[i] as number) - 2.5,
        y: (points[i + 1] as number) - 2.5,
        width: 5,
        height: 5,
        radius: 2.5,
        fill: curve.stroke,
      });
  const line: Mark[] =
    points.length < 4
      ? []
      : [
          {
            kind: 'line',
            points,
            stroke: curve.stroke,
            width: curve.faint ? 1 : 1.75,
            opacity: curve.faint ? 0.45 : 1,
            ...(curve.dash ? { dash: curve.dash } : {}),
          },
        ];
  return [...line, ...dots];
}
