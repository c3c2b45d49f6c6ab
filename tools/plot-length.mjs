#!/usr/bin/env node
// node tools/plot-length.mjs length.json… --y stepMs|forwardMs|stepMiB --out FILE.svg [--title TEXT]
// Draws the figures of `headlight bench length --json` over the length; of several files, such as one a form, all rows.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { logPlot } from './log-plot.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { y: { type: 'string', default: 'stepMs' }, out: { type: 'string' }, title: { type: 'string', default: '' } },
});
if (positionals.length === 0 || values.out === undefined || !['stepMs', 'forwardMs', 'stepMiB'].includes(values.y)) {
  console.error('plot-length: the JSON of `bench length`, --y stepMs, forwardMs or stepMiB, and --out FILE.svg');
  process.exit(2);
}
const key = values.y;
/** @type {{ form: string, points: Record<string, number>[] }[]} */
const rows = positionals.flatMap((file) => JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '').rows);
const lines = rows
  .map(({ form, points }, i) => ({
    name: form,
    hue: (360 * i) / rows.length,
    points: points.map((p) => ({ x: p.length ?? 1, y: Math.max(p[key] ?? 0, 0.1) })),
  }))
  .filter(({ points }) => points.length > 1);
writeFileSync(values.out, logPlot(lines, { title: values.title || key, x: 'positions', y: key === 'stepMiB' ? 'MiB' : 'ms' }));
