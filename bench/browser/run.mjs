#!/usr/bin/env node
// node bench/browser/run.mjs [--rounds N] [--json] (after a build): the S step in Chromium on WebAssembly with 1 and 2 threads, and on
// WebGPU (in software where there is no GPU) in turn with WebAssembly. Chromium: Debian's, or CHROMIUM_PATH.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { machine } from '#dist/cli/bench/machine.node.js';
import { summarize } from '#dist/cli/bench/statistics.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, json: { type: 'boolean', default: false } } });
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.error('bench/browser: no Chromium: install Debian\'s "chromium" or set CHROMIUM_PATH');
  process.exit(1);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['bench/browser/page.mjs'],
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  logLevel: 'silent',
});
const bundle = /** @type {Uint8Array} */ (outputFiles[0]?.contents);

const server = createServer(async (request, response) => {
  const path = new URL(request.url ?? '/', 'http://host').pathname;
  const engineFile = () => readFile(join(root, 'node_modules/onnxruntime-web/dist', basename(path))).catch(() => undefined);
  const body = path === '/' ? '<!doctype html>' : path === '/page.js' ? bundle : await engineFile();
  const type = path === '/' ? 'text/html' : path.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
  // Without these two a page gets no threads.
  const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
  response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': type, ...isolation });
  response.end(body);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const address = /** @type {import('node:net').AddressInfo} */ (server.address());

const jobs = [
  { threads: 1, devices: ['cpu'], steps: 4 },
  { threads: 2, devices: ['cpu'], steps: 4 },
  { threads: 2, devices: ['cpu', 'webgpu'], steps: 2 },
];
const gpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-dawn-features=allow_unsafe_apis'];
const { cpu, cores, node, onnxruntime } = machine();
console.log(`${cpu}, ${cores} cores, node ${node}, onnxruntime-web ${onnxruntime}; bundle ${(bundle.length / 1024).toFixed(0)} KiB`);
const results = [];
for (const job of jobs) {
  const usesGpu = job.devices.includes('webgpu');
  const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', ...(usesGpu ? gpu : ['--disable-gpu'])] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${address.port}/`);
    const input = JSON.stringify({ ...job, rounds: Number(values.rounds), wasmPaths: '/' });
    const { isolated, times, losses } = await page.evaluate(`import('/page.js').then((m) => m.default(${input}))`);
    for (const device of job.devices) {
      const ms = summarize(times[device]);
      results.push({ ...job, device, isolated, loss: losses[device], ms });
      const name = device === 'cpu' ? `WebAssembly, ${job.threads} thread${job.threads > 1 ? 's' : ''}` : 'WebGPU (software)';
      const beside = job.devices.length > 1 && device === 'cpu' ? ', in turn with WebGPU' : '';
      console.log(
        `${(name + beside).padEnd(44)}${ms.median.toFixed(1).padStart(8)} ms (${ms.min.toFixed(1)} to ${ms.max.toFixed(1)})  loss ${losses[device]}`,
      );
    }
  } catch (error) {
    console.log(`${job.devices.join(' and ')}, ${job.threads} threads: not measured: ${String(error).split('\n')[0]}`);
  } finally {
    await browser.close();
  }
}
server.close();
if (values.json)
  console.log(
    JSON.stringify({ bench: 'browser', date: new Date().toISOString(), machine: machine(), bundleBytes: bundle.length, results }),
  );
