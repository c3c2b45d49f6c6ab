// npm run docs:plots: draws what the benches recorded, docs/figures/NAME.json, as docs/pictures/bench-NAME.svg.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { plotBench } from '#dist/cli/bench/plot/plot.js';

const folder = (/** @type {string} */ name) => new URL(`../docs/${name}/`, import.meta.url);

/** Every picture by its name. @returns {Map<string, string>} */
export function figurePictures() {
  const names = readdirSync(folder('figures')).filter((name) => name.endsWith('.json'));
  return new Map(
    names.map((name) => {
      const record = JSON.parse(readFileSync(new URL(name, folder('figures')), 'utf8'));
      return [`bench-${name.replace('.json', '.svg')}`, plotBench(record)];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder('pictures'), { recursive: true });
  for (const [name, svg] of figurePictures()) writeFileSync(new URL(name, folder('pictures')), svg);
}
