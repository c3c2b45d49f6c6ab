#!/usr/bin/env node
// node bench/scale.mjs [SIZE…]: what training takes at growing sizes: parameters, tokens per second, and resident memory beside
// what `trainingMemory` says it should be. Each size runs in a process of its own, under the glibc settings of the command.
import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { GPT2 } from 'headlightjs/models';
import { adamW, train, trainingMemory } from 'headlightjs/train';

/** layers, heads, width, context, rows per pass, passes per step, vocabulary, steps. @type {Record<string, [number, number, number, number, number, number, number, number]>} */
const sizes = {
  S: [4, 4, 128, 64, 12, 1, 65, 200],
  L: [6, 6, 384, 256, 8, 1, 65, 12],
  '25M': [8, 8, 512, 256, 8, 1, 4096, 8],
  '63M': [8, 8, 768, 256, 4, 1, 8192, 8],
  '124M': [12, 12, 768, 256, 2, 1, 50257, 6],
};
const glibc = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '33554432', MALLOC_TRIM_THRESHOLD_: '4294967296' };
const [first, ...rest] = process.argv.slice(2);

if (first === '--one') {
  await measure(rest[0] ?? 'S');
} else {
  const names = first === undefined ? Object.keys(sizes) : [first, ...rest];
  const unknown = names.find((name) => !Object.hasOwn(sizes, name));
  if (unknown !== undefined) {
    console.error(`bench/scale: sizes among ${Object.keys(sizes).join(', ')}; got ${unknown}`);
    process.exit(2);
  }
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`,
  );
  console.log(
    '| size | parameters | rows × context | tokens/s | storage | gradient copies | activations, share of the engine | with all the rest | resident, measured | ratio |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const name of names) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--one', name], {
      env: { ...process.env, ...glibc },
      encoding: 'utf8',
    });
    if (status !== 0) {
      console.error(stderr);
      process.exit(1);
    }
    console.log(stdout.trim());
  }
}

/** @param {string} name */
async function measure(name) {
  const [layers, heads, width, context, rows, passes, vocabulary, steps] = sizes[name] ?? [1, 1, 16, 16, 1, 1, 16, 1];
  const begun = process.memoryUsage().rss;
  const model = new GPT2({ vocabulary, context, layers, heads, width });
  const optimizer = adamW();
  const memory = trainingMemory(model, { shape: { rows, length: context }, optimizer, accumulates: passes > 1 });
  const ids = Int32Array.from({ length: 200 * context }, (_, i) => (i * 7919) % vocabulary);
  const data = { train: ids, validation: ids.slice(0, context + 1) };
  let resident = 0;
  /** @type {number[]} */
  const times = [];
  await train(model, {
    data,
    steps,
    batch: rows * passes,
    microBatch: rows,
    optimizer,
    onStep: ({ step, milliseconds }) => {
      resident = Math.max(resident, process.memoryUsage().rss);
      if (step >= 2) times.push(milliseconds);
    },
  });
  times.sort((a, b) => a - b);
  const perSecond = (1000 * rows * passes * context) / (times[times.length >> 1] ?? Number.NaN);
  // Beside the run's own memory: Node, the engine and its threads (seen at the smallest sizes), and the model's values here.
  const others = begun + 80 * 2 ** 20 + 4 * model.parameterCount;
  const estimate = memory.total + others;
  const mib = (/** @type {number} */ bytes) => `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`;
  const cells = [
    name,
    model.parameterCount.toLocaleString('en'),
    `${rows * passes} × ${context}`,
    Math.round(perSecond).toLocaleString('en'),
    mib(memory.storage),
    mib(memory.gradientCopies),
    `${mib(memory.activations)}, ${mib(memory.engine)}`,
    mib(estimate),
    mib(resident),
    (resident / estimate).toFixed(2),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
