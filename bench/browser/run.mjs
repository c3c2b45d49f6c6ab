#!/usr/bin/env node
// npm run bench:browser [-- --rounds N --webgpu --json --plot FILE.svg]: the S step in Chromium on WebAssembly with 1 and 2 threads, and on
// WebGPU where that is asked for (in software where there is no GPU), in turn with the same program in Node; each browser is stopped while
// another works, since its threads spin. Chromium: Debian's, or CHROMIUM_PATH.
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { machine } from '#dist/cli/bench/machine.node.js';
import { plotBench } from '#dist/cli/bench/plot/plot.js';
import { median, summarize } from '#dist/cli/bench/statistics.js';
import * as inNode from './page.mjs';
import { servePage } from './serve.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '6' },
    webgpu: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    plot: { type: 'string' },
  },
});
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.error('bench/browser: no Chromium: install Debian\'s "chromium" or set CHROMIUM_PATH');
  process.exit(1);
}
/** @typedef {{ name: string, threads: number, device: 'cpu' | 'webgpu', steps: number }} Job */

/** Against which the others are measured. @type {Job} */
const baseline = { name: 'Node, 2 threads', threads: 2, device: 'cpu', steps: 8 };
/** @type {readonly Job[]} */
const jobs = [
  { name: 'WebAssembly, 1 thread', threads: 1, device: 'cpu', steps: 4 },
  { name: 'WebAssembly, 2 threads', threads: 2, device: 'cpu', steps: 4 },
  { name: 'WebGPU', threads: 2, device: 'webgpu', steps: 2 },
];
const gpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-dawn-features=allow_unsafe_apis'];

/** @typedef {{ job: Job, run(count: number): Promise<import('./page.mjs').Block>, close(): Promise<void>, blocks: import('./page.mjs').Block[] }} Side */

const site = await servePage();
await inNode.prepare(baseline);
/** @type {Side[]} */
const sides = [{ job: baseline, run: inNode.run, close: async () => {}, blocks: [] }];
/** @type {{ name: string, missing: string }[]} */
const missing = [];
for (const job of jobs) {
  if (job.device === 'webgpu' && !values.webgpu) missing.push({ name: job.name, missing: 'not tried: --webgpu' });
  else await open(job);
}
const rounds = Number(values.rounds);
for (let round = -1; round < rounds; round++) {
  for (const i of sides.keys()) {
    // Each in its turn goes first.
    const side = sides[(i + Math.max(0, round)) % sides.length];
    const block = await side?.run(side.job.steps).catch((error) => String(error));
    if (typeof block === 'string') leaveOut(side, block);
    else if (round >= 0 && block !== undefined) side?.blocks.push(block);
  }
}
for (const { close } of sides) await close();
site.close();

const { cpu, cores, node, onnxruntime } = machine();
console.log(`${cpu}, ${cores} cores, node ${node}, onnxruntime ${onnxruntime}; bundle ${(site.bundleBytes / 1024).toFixed(0)} KiB\n`);
console.log(`${''.padEnd(26)}${'ms/step'.padStart(9)}  ${'range'.padEnd(18)}× Node, rounds`);
const own = sides[0]?.blocks.map(({ ms }) => median(ms)) ?? [];
const lossOf = (/** @type {Side | undefined} */ side) => side?.blocks.at(-1)?.losses.at(-1) ?? Number.NaN;
for (const side of sides) {
  const [loss, expected] = [lossOf(side), lossOf(sides[0])];
  // Written so that NaN fails too.
  if (!(Math.abs(loss - expected) <= 1e-3 * Math.abs(expected))) leaveOut(side, `its loss is ${loss}, Node's ${expected}`);
}
const results = sides
  .filter(({ job }) => !missing.some(({ name }) => name === job.name))
  .map((side) => {
    const { job, blocks } = side;
    const ms = summarize(blocks.flatMap((block) => block.ms));
    const ratio = summarize(blocks.map((block, i) => median(block.ms) / (own[i] ?? Number.NaN)));
    const loss = lossOf(side);
    const range = `${ms.min.toFixed(1)} to ${ms.max.toFixed(1)}`;
    console.log(
      `${job.name.padEnd(26)}${ms.median.toFixed(1).padStart(9)}  ${range.padEnd(18)}${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)}), loss ${loss}`,
    );
    return { ...job, loss, ms, ratio };
  });
for (const { name, missing: reason } of missing) console.log(`${name.padEnd(26)} not measured: ${reason}`);
const record = {
  ...{ bench: 'browser', date: new Date().toISOString(), machine: machine(), bundleBytes: site.bundleBytes },
  ...{ baseline: baseline.name, results, missing },
};
if (values.json) console.log(JSON.stringify(record));
if (values.plot !== undefined) writeFileSync(values.plot, plotBench(record));

/**
 * A browser with a page where a job is ready; why not, where it does not come to that.
 * @param {Job} job
 */
async function open(job) {
  const args = ['--headless', '--no-sandbox', ...(job.device === 'webgpu' ? gpu : ['--disable-gpu'])];
  const server = await chromium.launchServer({ executablePath, args });
  const browser = await chromium.connect(server.wsEndpoint());
  // Playwright gives a browser a group of processes of its own.
  const signal = (/** @type {NodeJS.Signals} */ name) => process.kill(-(server.process().pid ?? Number.NaN), name);
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    const input = JSON.stringify({ ...job, wasmPaths: '/' });
    const isolated = await inTime(page.evaluate(`import('/page.js').then((m) => m.prepare(${input}))`));
    if (!isolated) throw new Error('a page without threads');
    const run = async (/** @type {number} */ count) => {
      signal('SIGCONT');
      const block = await inTime(page.evaluate(`import('/page.js').then((m) => m.run(${count}))`));
      signal('SIGSTOP');
      return /** @type {import('./page.mjs').Block} */ (block);
    };
    await run(1);
    sides.push({ job, run, close: () => server.kill(), blocks: [] });
  } catch (error) {
    missing.push({ name: job.name, missing: String(error).split('\n')[0] ?? '' });
    await server.kill();
  }
}

/**
 * Of a side that failed nothing is told but why.
 * @param {Side | undefined} side
 * @param {string} reason
 */
function leaveOut(side, reason) {
  if (side === undefined || missing.some(({ name }) => name === side.job.name)) return;
  missing.push({ name: side.job.name, missing: reason.split('\n')[0] ?? '' });
}

/**
 * What a page answers, or an error: a page that hangs would hold the bench.
 * @param {Promise<unknown>} answer
 */
function inTime(answer) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('no answer within 40 s')), 40_000).unref();
  });
  return Promise.race([answer, late]);
}
