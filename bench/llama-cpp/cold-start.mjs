#!/usr/bin/env node
// node bench/llama-cpp/cold-start.mjs [--rounds N --model gpt2|llama --threads N --cache FOLDER] [DIST…]: `headlight generate` from
// its start to the first token with random weights: the time, the most memory, and, by V8's profile, what the time is spent on.
// Several builds (their dist/ folders) are run in turn.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { files } from '#dist/core/files/files.node.js';
import { modelFiles } from './models.mjs';
import { coldStart, commandScript } from './sides.mjs';
import { stageNames, stageTimes } from './stages.mjs';
import { median } from './table.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    model: { type: 'string', default: 'gpt2' },
    threads: { type: 'string', default: '2' },
    cache: { type: 'string', default: join(files.cacheFolder() ?? '.', 'bench-llama-cpp') },
  },
});
const { folder } = await modelFiles(values.model === 'llama' ? 'llama' : 'gpt2', values.cache);
const scripts = positionals.length === 0 ? [commandScript] : positionals.map((dist) => join(dist, 'cli/main.node.js'));
const prompt = ['generate', folder, '--prompt', 'Once upon a time, in a land far away,', '--temperature', '0', '--threads', values.threads];
const args = [...prompt, '--json', '--max-new-tokens', '1'];

/** @type {{ firstMs: number[], peakMiB: number[], stages: Record<string, number>[] }[]} */
const results = scripts.map(() => ({ firstMs: [], peakMiB: [], stages: [] }));
for (let round = -1; round < Number(values.rounds); round++) {
  for (const [i, script] of scripts.entries()) {
    const { firstMs, peakMiB } = await coldStart([script, ...args]);
    const stages = await profiled(script);
    if (round < 0) continue;
    results[i]?.firstMs.push(firstMs);
    results[i]?.peakMiB.push(peakMiB);
    results[i]?.stages.push(stages);
  }
}

const number = (/** @type {number[]} */ list, digits = 0) =>
  `${median(list).toFixed(digits)} (${Math.min(...list).toFixed(digits)} to ${Math.max(...list).toFixed(digits)})`;
console.log(
  `${availableParallelism()} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${values.model}, ${values.rounds} rounds, ms`,
);
const row = (/** @type {string} */ name, /** @type {(result: typeof results[number]) => string} */ cell) =>
  console.log(`| ${[name, ...results.map(cell)].join(' | ')} |`);
row('', (result) => `build ${results.indexOf(result) + 1}`);
row('---', () => '---');
row('from the start to the first token', ({ firstMs }) => number(firstMs));
row('most memory, MiB', ({ peakMiB }) => number(peakMiB));
for (const name of stageNames) row(name, ({ stages }) => number(stages.map((each) => each[name] ?? 0)));

/**
 * @param {string} script
 * @returns {Promise<Record<string, number>>}
 */
async function profiled(script) {
  const to = mkdtempSync(join(tmpdir(), 'headlight-profile-'));
  try {
    await coldStart(['--cpu-prof', '--cpu-prof-interval', '500', '--cpu-prof-dir', to, script, ...args]);
    const [name = ''] = readdirSync(to).filter((file) => file.endsWith('.cpuprofile'));
    return stageTimes(JSON.parse(readFileSync(join(to, name), 'utf8')));
  } finally {
    rmSync(to, { recursive: true });
  }
}
