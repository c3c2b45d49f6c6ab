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
const [record, ...more] = positionals.map(recordOf);
const chosen = values.rows?.split(',');
if (Array.isArray(record.rows)) {
  const all = [record, ...more].flatMap(({ rows }) => rows);
  record.rows = all.filter((row) => chosen === undefined || chosen.includes(row.form ?? row.model ?? row.name));
}
writeFileSync(values.out, plotBench(record, { title: values.title, y }));

/**
 * A file that is a record, or what a bench printed: its last line is.
 * @param {string} file
 * @returns {any}
 */
function recordOf(file) {
  const text = readFileSync(file, 'utf8').trimEnd();
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.split('\n').at(-1) ?? '');
  }
}
