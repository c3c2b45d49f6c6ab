#!/usr/bin/env node
// node tools/plot-metrics.mjs RUN/metrics.jsonl --y trainExactMatch,exactMatch --out FILE.svg [--title TEXT] [--log-x] [--labels A,B]
// Draws columns of a run's metrics over its steps as one self-contained SVG: the curves of the docs are made with it.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    y: { type: 'string' },
    out: { type: 'string' },
    title: { type: 'string', default: '' },
    labels: { type: 'string' },
    'log-x': { type: 'boolean', default: false },
  },
});
const [file] = positionals;
if (file === undefined || values.y === undefined || values.out === undefined) {
  console.error('plot-metrics: a metrics.jsonl, --y COLUMNS and --out FILE.svg');
  process.exit(2);
}
const columns = values.y.split(',');
const labels = values.labels?.split(',') ?? columns;
const logarithmic = values['log-x'];
const lines = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const series = columns.map((column) =>
  lines.filter((line) => typeof line[column] === 'number' && line.step > 0).map((line) => ({ x: line.step, y: line[column] })),
);
if (series.some((points) => points.length < 2)) {
  console.error(`plot-metrics: each of ${columns.join(', ')} on two lines of ${file} at least`);
  process.exit(2);
}

const size = { width: 720, height: 380, left: 64, right: 16, top: 44, bottom: 48 };
const colours = ['#1f6feb', '#d1242f', '#1a7f37', '#8250df'];
const all = series.flat();
/** @type {[number, number]} */
const xs = [Math.min(...all.map((p) => p.x)), Math.max(...all.map((p) => p.x))];
/** @type {[number, number]} */
const ys = [Math.min(0, ...all.map((p) => p.y)), Math.max(...all.map((p) => p.y))];
const scale = logarithmic ? Math.log10 : (/** @type {number} */ x) => x;
const px = (/** @type {number} */ x) =>
  size.left + ((scale(x) - scale(xs[0])) / (scale(xs[1]) - scale(xs[0]))) * (size.width - size.left - size.right);
const py = (/** @type {number} */ y) =>
  size.height - size.bottom - ((y - ys[0]) / (ys[1] - ys[0])) * (size.height - size.top - size.bottom);
const xTicks = logarithmic ? decades(xs) : even(xs[0] < xs[1] / 20 ? 0 : xs[0], xs[1]).filter((x) => x >= xs[0]);
const isShare = ys[0] >= 0 && ys[1] <= 1 && columns.every((c) => /match|accuracy/i.test(c));
const yText = (/** @type {number} */ y) => (isShare ? `${Math.round(100 * y)}%` : String(Number(y.toPrecision(3))));

const parts = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="system-ui, sans-serif" font-size="12">`,
  `<title>${escaped(values.title || labels.join(', '))}</title>`,
  `<rect width="100%" height="100%" fill="white"/>`,
  `<text x="${size.left}" y="20" font-size="14" font-weight="600">${escaped(values.title)}</text>`,
  ...even(ys[0], ys[1]).map(
    (y) =>
      `<path d="M${size.left} ${py(y).toFixed(1)}H${size.width - size.right}" stroke="#ddd"/><text x="${size.left - 8}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end" fill="#555">${yText(y)}</text>`,
  ),
  ...xTicks.map(
    (x) =>
      `<path d="M${px(x).toFixed(1)} ${size.height - size.bottom}v5" stroke="#555"/><text x="${px(x).toFixed(1)}" y="${size.height - size.bottom + 20}" text-anchor="middle" fill="#555">${x.toLocaleString('en')}</text>`,
  ),
  `<text x="${(size.left + size.width - size.right) / 2}" y="${size.height - 8}" text-anchor="middle" fill="#555">step${logarithmic ? ' (log scale)' : ''}</text>`,
  ...series.map(
    (points, i) =>
      `<path d="M${points.map((p) => `${px(p.x).toFixed(1)} ${py(p.y).toFixed(1)}`).join('L')}" fill="none" stroke="${colours[i % 4]}" stroke-width="2"/>`,
  ),
  ...labels.map(
    (label, i) =>
      `<rect x="${size.left + i * 170}" y="29" width="14" height="4" fill="${colours[i % 4]}"/><text x="${size.left + 20 + i * 170}" y="35">${escaped(label)}</text>`,
  ),
  '</svg>',
];
writeFileSync(values.out, `${parts.join('\n')}\n`);

/** About five round numbers between two. @param {number} from @param {number} to */
function even(from, to) {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough) ?? rough;
  const ticks = [];
  for (let t = Math.ceil(from / step) * step; t <= to + step / 1e6; t += step) ticks.push(Number(t.toPrecision(12)));
  return ticks;
}

/** 1, 2, 5, 10, 20, … @param {[number, number]} range */
function decades([from, to]) {
  const ticks = [];
  for (let p = 10 ** Math.floor(Math.log10(from)); p <= to; p *= 10) ticks.push(...[p, 2 * p, 5 * p].filter((t) => t >= from && t <= to));
  return ticks;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[<&]/g, (c) => (c === '<' ? '&lt;' : '&amp;'));
}
