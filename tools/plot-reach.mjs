#!/usr/bin/env node
// node tools/plot-reach.mjs reach.json… --out FILE.svg [--title TEXT] [--models rnn,lstm]
// Draws the figures of `headlight bench reach --json`: the gradient's norm over the distance, relative to distance 1, of each
// model as it starts (dashed) and after training. A line ends where the norm is zero or below 1e-20.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { logPlot } from './log-plot.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, title: { type: 'string', default: '' }, models: { type: 'string' } },
});
if (positionals.length === 0 || values.out === undefined) {
  console.error('plot-reach: the JSON of `bench reach`, and --out FILE.svg');
  process.exit(2);
}
/** @type {{ model: string, when: string, distances: number[], norms: number[] }[]} */
const rows = positionals.flatMap((file) => JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '').rows);
const models = values.models?.split(',') ?? [...new Set(rows.map(({ model }) => model))];
const lines = rows
  .filter(({ model }) => models.includes(model))
  .map(({ model, when, distances, norms }) => {
    const first = norms[0] ?? Number.NaN;
    const points = distances.map((x, i) => ({ x, y: (norms[i] ?? 0) / first }));
    const end = points.findIndex(({ y }) => !(y > 1e-20));
    return {
      name: when === 'initial' ? `${model}, at first` : `${model}, trained`,
      hue: (360 * models.indexOf(model)) / models.length,
      dashed: when === 'initial',
      points: end < 0 ? points : points.slice(0, end),
    };
  })
  .filter(({ points }) => points.length > 1);
writeFileSync(values.out, logPlot(lines, { title: values.title, x: 'tokens back', y: '/ at 1' }));
