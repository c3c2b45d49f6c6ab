#!/usr/bin/env node
// node tools/plot-bench.mjs RECORD.json… --out FILE.svg [--title TEXT] [--y stepMs|forwardMs|stepMiB] [--rows A,B]   (after a build)
// Draws what a bench's --json printed, as `--plot` does; rows of several records (a form a file, say) go into one picture.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { lengthAxes } from '#dist/cli/bench/plot/log-charts.js';
import { plotBench } from '#dist/cli/bench/plot/plot.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, title: { type: 'string' }, y: { type: 'string' }, rows: { type: 'string' } },
});
const y = lengthAxes.find((axis) => axis === values.y);
if (positionals.length === 0 || values.out === undefined || (values.y !== undefined && y === undefined)) {
  console.error(`plot-bench: the JSON of a bench, --out FILE.svg, and as --y one of ${lengthAxes.join(', ')}`);
  process.exit(2);
}
/** The last line of a bench's output. @type {any[]} */
const [record, ...more] = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? ''));
const chosen = values.rows?.split(',');
if (Array.isArray(record.rows)) {
  const all = [record, ...more].flatMap(({ rows }) => rows);
  record.rows = all.filter((row) => chosen === undefined || chosen.includes(row.form ?? row.model ?? row.name));
}
writeFileSync(values.out, plotBench(record, { title: values.title, y }));
