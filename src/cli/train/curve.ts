import { fail } from '../../core/index.js';
import { type Axis, axisOver, fraction, ticks, tickTexts } from './curve-axis.js';
import { DotCanvas } from './curve-canvas.js';

/** Values by step, such as a run's training losses. */
export interface CurveSeries {
  readonly label: string;
  /** In the order of their steps; what is not finite is left out. */
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

export interface CurveOptions {
  /** Characters across, axis and all. */
  readonly width: number;
  /** Rows of the picture, without the lines of legend and axis. */
  readonly height: number;
  /** What is drawn: `loss`. */
  readonly label: string;
  /** Whether the terminal shows Unicode: Braille dots, else ASCII. */
  readonly unicode: boolean;
}

/** Values that reach over more than this many times the least of them are drawn by their logarithms. */
const wideRange = 20;
const narrowest = 24;
const axisTitle = 'step';

/**
 * Draws how values went, for a terminal: the first series as a line of dots (each column the mean of its steps), the
 * others as marks over it. Above it stands the legend, below it the axis of steps.
 * @returns lines of at most `width` characters, none where there is nothing to draw
 * @throws value: a width below 24 or a height below 2
 * @example
 * for (const line of lossCurve([{ label: 'training', points }], { width: 72, height: 10, label: 'loss', unicode: true })) io.note(line);
 */
export function lossCurve(series: readonly CurveSeries[], options: CurveOptions): string[] {
  const { width, height, label, unicode } = options;
  if (!(Number.isInteger(width) && width >= narrowest && Number.isInteger(height) && height >= 2))
    throw fail('value', { where: 'lossCurve', rule: `a width from ${narrowest} and a height from 2`, got: `${width} × ${height}` });
  const drawn = series
    .map(({ label: name, points }) => ({ label: name, points: points.filter((p) => Number.isFinite(p.step) && Number.isFinite(p.value)) }))
    .filter(({ points }) => points.length > 0);
  const steps = drawn.flatMap(({ points }) => [points[0] as Point, points.at(-1) as Point]).map((p) => p.step);
  if (drawn.length === 0) return [];
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const time: Axis = { low: first > 0 && first < last / 20 ? 0 : first, high: last, log: false };

  // Twice: how wide the labels are depends on the values drawn, which depend on how wide the picture is.
  let labels = axisTitle.length;
  let scene = sceneOf(drawn, time, width - labels - 2, options);
  labels = Math.max(labels, ...scene.labels.map((l) => l.text.length));
  scene = sceneOf(drawn, time, width - labels - 2, options);
  labels = Math.max(labels, ...scene.labels.map((l) => l.text.length));

  const [tick, wall] = unicode ? ['┤', '│'] : ['+', '|'];
  const rows = scene.rows.map((row, i) => {
    const text = scene.labels.find((l) => l.row === i)?.text;
    return `${(text ?? '').padStart(labels)} ${text === undefined ? wall : tick}${row}`.trimEnd();
  });
  const name = scene.values.log ? `${label}, log scale` : label;
  const legend = drawn.map((s, i) => `${markOf(i, unicode)} ${s.label}`).join('   ');
  const margin = ' '.repeat(labels + 2);
  const whole = `${margin}${name}   ${legend}`;
  const above = whole.length <= width ? [whole] : [`${margin}${name}`, `${margin}${legend}`].map((line) => line.slice(0, width));
  return [...above, ...rows, ...timeAxis(time, width - labels - 2, labels, unicode)];
}

type Point = CurveSeries['points'][number];

interface Scene {
  readonly rows: readonly string[];
  readonly values: Axis;
  readonly labels: readonly { readonly row: number; readonly text: string }[];
}

/** The picture at a number of columns. */
function sceneOf(series: readonly CurveSeries[], time: Axis, columns: number, { height, unicode }: CurveOptions): Scene {
  const canvas = new DotCanvas(columns, height, unicode);
  const across = (step: number, dots: number): number =>
    time.low === time.high ? Math.floor(dots / 2) : Math.min(dots - 1, Math.floor(fraction(time, step) * dots));
  const reduced = series.map(({ points }, i) => {
    const dots = i === 0 ? canvas.dotsAcross : columns;
    return means(points, (step) => across(step, dots)).map((p) => ({ ...p, x: i === 0 ? p.x : (p.x * canvas.dotsAcross) / columns }));
  });
  const all = reduced.flatMap((points) => points.map((p) => p.value));
  const least = all.reduce((a, b) => Math.min(a, b));
  const values = axisOver(all, least > 0 && all.reduce((a, b) => Math.max(a, b)) > wideRange * least);
  const y = (value: number): number => Math.round((1 - fraction(values, value)) * (canvas.dotsDown - 1));
  reduced.forEach((points, i) => {
    if (i === 0)
      drawLine(
        canvas,
        points.map((p) => ({ x: p.x, y: y(p.value) })),
      );
    else for (const p of points) canvas.mark(p.x, y(p.value), markOf(i, unicode));
  });
  return { rows: canvas.rows(), values, labels: labelsOf(values, height, (value) => canvas.rowOf(y(value))) };
}

/** The mean value of each column that has points. */
function means(points: readonly Point[], column: (step: number) => number): { x: number; value: number }[] {
  const sums = new Map<number, { total: number; count: number }>();
  for (const { step, value } of points) {
    const x = column(step);
    const sum = sums.get(x) ?? { total: 0, count: 0 };
    sums.set(x, { total: sum.total + value, count: sum.count + 1 });
  }
  return [...sums].map(([x, { total, count }]) => ({ x, value: total / count })).sort((a, b) => a.x - b.x);
}

/** Joins dots: every column between two gets its dot on the line, and steep parts are filled. */
function drawLine(canvas: DotCanvas, points: readonly { readonly x: number; readonly y: number }[]): void {
  let before = points[0];
  for (const point of points) {
    const from = before as { x: number; y: number };
    let last = from.y;
    for (let x = from.x; x <= point.x; x++) {
      const y = x === point.x ? point.y : Math.round(from.y + ((point.y - from.y) * (x - from.x)) / (point.x - from.x));
      const toward = Math.sign(y - last);
      // From beside the column before, so that the line is joined and no thicker than it must be.
      for (let filled = last + toward; filled !== y && toward !== 0; filled += toward) canvas.dot(x, filled);
      canvas.dot(x, y);
      last = y;
    }
    before = point;
  }
}

/** Round values beside the rows they lie in; about every second row at most, never two in one. */
function labelsOf(values: Axis, height: number, rowOf: (value: number) => number): Scene['labels'] {
  const round = ticks(values, Math.floor(height / 2) + 1);
  const shown = round.length > 0 ? round : [values.low];
  const texts = tickTexts(values, shown);
  const rows = new Map(shown.map((value, i) => [rowOf(value), texts[i] as string]));
  return [...rows].map(([row, text]) => ({ row, text }));
}

/** The axis of steps, its numbers below their ticks, and what it counts. */
function timeAxis(time: Axis, columns: number, labels: number, unicode: boolean): string[] {
  const [corner, line, tick] = unicode ? ['└', '─', '┬'] : ['+', '-', '+'];
  const rule = new Array<string>(columns).fill(line);
  const values = time.low === time.high ? [time.low] : ticks(time, Math.max(2, Math.floor(columns / 10)));
  let numbers = '';
  for (const [i, text] of tickTexts(time, values).entries()) {
    const share = time.low === time.high ? 0.5 : fraction(time, values[i] as number);
    const at = Math.min(columns - 1, Math.floor(share * columns));
    const start = Math.max(0, Math.min(at - Math.floor(text.length / 2), columns - text.length));
    if (numbers !== '' && start <= numbers.length) continue;
    rule[at] = tick;
    numbers = numbers.padEnd(start) + text;
  }
  return [`${' '.repeat(labels + 1)}${corner}${rule.join('')}`, `${axisTitle.padStart(labels)}  ${numbers}`];
}

/** How a series is drawn in the legend: the first is a line. */
function markOf(series: number, unicode: boolean): string {
  const marks = unicode ? ['⠒⠒', '●', '◆', '▲', '■'] : ["'.", 'o', 'x', '#', '@'];
  return marks[series === 0 ? 0 : 1 + ((series - 1) % (marks.length - 1))] as string;
}

/**
 * Whether a terminal's locale is UTF-8, by the environment: the first of these that is set decides, as POSIX has it.
 * Windows' terminals set none and show it.
 */
export function showsUnicode(environment: Readonly<Record<string, string | undefined>>, platform: string): boolean {
  const locale = [environment.LC_ALL, environment.LC_CTYPE, environment.LANG].find((value) => value !== undefined && value !== '');
  return locale === undefined ? platform === 'win32' || platform === 'darwin' : /utf-?8/i.test(locale);
}
