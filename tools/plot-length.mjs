#!/usr/bin/env node
// node tools/plot-length.mjs length.json --y stepMs|forwardMs|stepMiB --out FILE.svg [--title TEXT]
// Draws the figures of `headlight bench length --json` over the length, both axes logarithmic, as one self-contained SVG.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { y: { type: 'string', default: 'stepMs' }, out: { type: 'string' }, title: { type: 'string', default: '' } },
});
const [file] = positionals;
if (file === undefined || values.out === undefined || !['stepMs', 'forwardMs', 'stepMiB'].includes(values.y)) {
  console.error('plot-length: the JSON of `bench length`, --y stepMs, forwardMs or stepMiB, and --out FILE.svg');
  process.exit(2);
}
const lastLine = readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';
/** @type {{ rows: { form: string, points: Record<string, number>[] }[] }} */
const { rows } = JSON.parse(lastLine);
const key = values.y;
const series = rows
  .map(({ form, points }) => ({ form, points: points.map((p) => ({ x: p.length ?? 1, y: Math.max(p[key] ?? 0, 0.1) })) }))
  .filter(({ points }) => points.length > 1);

const size = { width: 820, height: 480, left: 64, right: 170, top: 44, bottom: 48 };
const hue = (/** @type {number} */ i) => `hsl(${Math.round((360 * i) / series.length)} 65% 42%)`;
const all = series.flatMap((s) => s.points);
const range = (/** @type {number[]} */ v) => ({ low: Math.log2(Math.min(...v)), high: Math.log2(Math.max(...v)) });
const xs = range(all.map((p) => p.x));
const ys = range(all.map((p) => p.y));
const px = (/** @type {number} */ x) => size.left + ((Math.log2(x) - xs.low) / (xs.high - xs.low)) * (size.width - size.left - size.right);
const py = (/** @type {number} */ y) =>
  size.height - size.bottom - ((Math.log2(y) - ys.low) / (ys.high - ys.low)) * (size.height - size.top - size.bottom);
const xTicks = Array.from({ length: Math.round(xs.high - xs.low) + 1 }, (_, i) => 2 ** (xs.low + i));
const yTicks = Array.from({ length: 12 }, (_, i) => 10 ** (i - 1)).filter((y) => Math.log2(y) >= ys.low && Math.log2(y) <= ys.high);
const unit = key === 'stepMiB' ? 'MiB' : 'ms';

// Names at the lines' ends, moved apart where they would lie on each other.
const ends = series
  .map(({ form, points }, i) => ({ form, i, x: px(points.at(-1)?.x ?? 1), y: py(points.at(-1)?.y ?? 1) }))
  .sort((a, b) => a.y - b.y);
let lowest = -Infinity;
const labels = ends.map((e) => {
  lowest = Math.max(e.y, lowest + 13);
  return { ...e, at: lowest };
});

const parts = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="system-ui, sans-serif" font-size="12">`,
  `<title>${escaped(values.title || key)}</title>`,
  '<rect width="100%" height="100%" fill="white"/>',
  `<text x="${size.left}" y="20" font-size="14" font-weight="600">${escaped(values.title)}</text>`,
  ...yTicks.map(
    (y) =>
      `<path d="M${size.left} ${py(y).toFixed(1)}H${size.width - size.right}" stroke="#ddd"/><text x="${size.left - 8}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end" fill="#555">${y}</text>`,
  ),
  `<text x="${size.left - 8}" y="${size.top - 8}" text-anchor="end" fill="#555">${unit}</text>`,
  ...xTicks.map((x) => `<text x="${px(x).toFixed(1)}" y="${size.height - size.bottom + 18}" text-anchor="middle" fill="#555">${x}</text>`),
  `<text x="${(size.left + size.width - size.right) / 2}" y="${size.height - 10}" text-anchor="middle" fill="#555">positions</text>`,
  ...series.map(
    ({ points }, i) =>
      `<path d="M${points.map((p) => `${px(p.x).toFixed(1)} ${py(p.y).toFixed(1)}`).join('L')}" fill="none" stroke="${hue(i)}" stroke-width="1.8"/>`,
  ),
  ...labels.map(
    ({ form, i, x, y, at }) =>
      `<path d="M${x.toFixed(1)} ${y.toFixed(1)}L${size.width - size.right + 8} ${at.toFixed(1)}" stroke="${hue(i)}" stroke-width="0.6" stroke-dasharray="2 2"/><text x="${size.width - size.right + 12}" y="${(at + 4).toFixed(1)}" fill="${hue(i)}">${escaped(form)}</text>`,
  ),
  '</svg>',
];
writeFileSync(values.out, `${parts.join('\n')}\n`);

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
