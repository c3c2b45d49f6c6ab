#!/usr/bin/env node
// node bench/studio/run.mjs [--json] (after a build): how quick the studio's page is, in Chromium without a GPU. Makes its models
// itself, in a folder that goes away; takes about a minute. Chromium: Debian's, or CHROMIUM_PATH.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { machine } from '#dist/cli/bench/machine.node.js';
import { drags, edits, paints, pan } from './measure.mjs';
import { makeModels, storyText } from './models.mjs';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.error('bench/studio: no Chromium: install Debian\'s "chromium" or set CHROMIUM_PATH');
  process.exit(1);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'studio-bench-'));
const parameters = await makeModels(folder);
const load = loadavg()[0] ?? 0;
const server = spawn(process.execPath, [join(root, 'dist/cli/main.node.js'), 'studio', folder, '--no-open', '--json'], {
  stdio: ['ignore', 'pipe', 'ignore'],
});
/** @type {string} */
const url = await new Promise((resolve) => server.stdout.once('data', (line) => resolve(JSON.parse(String(line)).url)));
const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'] });

/** @param {Record<string, string>} place @param {number} tokens */
async function open(place, tokens) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${url}#${new URLSearchParams(place)}`);
  await page.waitForFunction((count) => document.querySelectorAll('.tokens button').length === count, tokens, { timeout: 60_000 });
  await page.locator('.bars li').first().waitFor();
  return page;
}

const wide = await open({ model: 'wide', text: storyText(64), layer: '2', query: '63', key: '5' }, 64);
const paint = await paints(wide);
await wide.waitForTimeout(2000);
const keys = await edits(wide, 13);
await wide.waitForTimeout(1000);
const weights = await drags(wide, 13);
await wide.close();

const long = await open({ model: 'long', text: storyText(2048), layer: '3', head: '2' }, 2048);
// All thumbnails, then a cell of a few pixels, and its tiles.
await long.waitForTimeout(6000);
for (let i = 0; i < 6; i++) await long.getByRole('button', { name: /Zoom in/ }).click();
await long.waitForTimeout(3000);
const panned = await pan(long, 3000);
await browser.close();
server.kill('SIGINT');
rmSync(folder, { recursive: true, force: true });

const scripts = join(root, 'dist/studio/assets');
const bytes = readdirSync(scripts)
  .filter((name) => name.endsWith('.js'))
  .reduce((sum, name) => sum + gzipSync(readFileSync(join(scripts, name))).length, 0);

const result = {
  bench: 'studio',
  date: new Date().toISOString(),
  machine: machine(),
  load,
  parameters,
  paint,
  keys,
  weights,
  panned,
  bytes,
};
if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else {
  const ms = (/** @type {number | undefined} */ time) => `${(time ?? Number.NaN).toFixed(0)} ms`;
  const rest = (/** @type {number[]} */ [first, ...times]) =>
    `${ms(Math.min(...times))} to ${ms(Math.max(...times))} in ${times.length}, the first ${ms(first)}`;
  const { cpu, cores } = machine();
  console.log(`${cpu}, ${cores} cores, load average ${load.toFixed(1)}; ${(parameters / 1e6).toFixed(1)}M parameters`);
  console.log(`first paint; first contentful paint: ${ms(paint['first-paint'])}; ${ms(paint['first-contentful-paint'])}`);
  console.log(`64 tokens, from the key to the new text's tokens and predictions: ${rest(keys)}`);
  console.log(`64 tokens, from the move of a weight to its predictions: ${rest(weights)}`);
  console.log(
    `2,048 tokens × 6 × 6, a pan of 3 s: longest tasks ${panned.longest.map((t) => t.toFixed(1)).join(', ')} ms, ${panned.frames} frames`,
  );
  console.log(`JavaScript, gzipped: ${(bytes / 1000).toFixed(0)} kB`);
}
