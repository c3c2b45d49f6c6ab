#!/usr/bin/env node
// node bench/long-attention.mjs [LENGTH] [ROUNDS]: forward and backward of attention, 8 heads of 64, by every form for long
// sequences beside the dense one of the same function, in turns: medians, ratio to dense, and processor time, which other
// programs disturb less. Dense is left out where its pattern alone would take more than 4 GiB.
import { cpus, totalmem } from 'node:os';
import { Attention, BlockwiseAttention, causal, FixedAttention, LocalAttention, StridedAttention } from 'headlightjs/attention';
import { HostArray, normal, randomKey } from 'headlightjs/core';
import { gradients } from 'headlightjs/grad';
import { compile } from 'headlightjs/runtime';

/** @typedef {import('headlightjs/ops').Tensor} Tensor */

const [length, rounds] = [Number(process.argv[2] ?? 2048), Number(process.argv[3] ?? 7)];
if (!(Number.isInteger(length) && length >= 1 && Number.isInteger(rounds) && rounds >= 1)) {
  console.error(`bench/long-attention: a length and a number of rounds from 1; got ${process.argv.slice(2).join(' ')}`);
  process.exit(2);
}
const stride = 2 ** Math.round(Math.log2(Math.sqrt(length)));
const forms = {
  dense: new Attention(),
  blockwise: new BlockwiseAttention(),
  'dense, causal': new Attention({ mask: causal }),
  'blockwise, causal': new BlockwiseAttention({ causal: true }),
  'window of 256, causal': new LocalAttention({ window: 256, causal: true }),
  [`strided ${stride}`]: new StridedAttention({ stride }),
  [`fixed ${stride}`]: new FixedAttention({ stride }),
};
const shape = [1, 8, length, 64];
const [q, k, v] = ['query', 'key', 'value'].map((name) => {
  const key = randomKey(0, name);
  return new HostArray(
    Float32Array.from({ length: 8 * length * 64 }, (_, i) => normal(key, i)),
    shape,
    'float32',
  );
});
/** @type {Record<string, { run: () => Promise<unknown>, wall: number[], processor: number[] }>} */
const jobs = {};
for (const [name, form] of Object.entries(forms)) {
  if (name.startsWith('dense') && 32 * length ** 2 > 2 ** 32) continue;
  const program = compile((/** @type {Tensor} */ query, /** @type {Tensor} */ key, /** @type {Tensor} */ value) => {
    const loss = form.attend(query, key, value).sum();
    return gradients(loss, [query, key, value]).map((g) => g.mul(g).sum());
  });
  jobs[name] = { run: () => program(.../** @type {[HostArray, HostArray, HostArray]} */ ([q, k, v])), wall: [], processor: [] };
}
for (let round = -1; round < rounds; round++) {
  for (const job of Object.values(jobs)) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    await job.run();
    const { user, system } = process.cpuUsage(used);
    if (round < 0) continue; // the first warms up
    job.wall.push(performance.now() - started);
    job.processor.push((user + system) / 1000);
  }
}
const median = (/** @type {number[]} */ all) => /** @type {number} */ ([...all].sort((a, b) => a - b)[all.length >> 1]);
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}, T = ${length}, ${rounds} rounds`,
);
console.log('| form | ms | processor ms | to dense (ms, processor) |\n| --- | --- | --- | --- |');
for (const [name, { wall, processor }] of Object.entries(jobs)) {
  const dense = jobs[name.endsWith('causal') || /strided|fixed/.test(name) ? 'dense, causal' : 'dense'];
  const ratio =
    dense === undefined
      ? '—'
      : [median(wall) / median(dense.wall), median(processor) / median(dense.processor)].map((r) => r.toFixed(2)).join(', ');
  console.log(`| ${name} | ${median(wall).toFixed(0)} | ${median(processor).toFixed(0)} | ${ratio} |`);
}
