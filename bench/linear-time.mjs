#!/usr/bin/env node
// node bench/linear-time.mjs [FORM…]: forward time against length of the forms whose time is linear, at 8 heads of 64, with
// the exponents fitted to it and to the processor's time, which a busy machine disturbs less; forms whose names begin so, or all.
import { cpus } from 'node:os';
import {
  Attention,
  causal,
  FavorAttention,
  LinearAttention,
  LinformerAttention,
  LshAttention,
  NystromAttention,
  Retention,
} from 'headlightjs/attention';
import { selectiveScan } from 'headlightjs/nn';
import { compile } from 'headlightjs/runtime';
import { slope, table, tokens } from './attention-forms.mjs';

/** @typedef {import('headlightjs/ops').Tensor} Tensor @typedef {import('./attention-forms.mjs').Heads} Heads */

const asked = process.argv.slice(2);
await time();

async function time() {
  const lengths = [1024, 2048, 4096, 8192];
  /** @type {Record<string, (length: number) => (heads: Heads) => Tensor>} */
  const forms = {
    dense:
      () =>
      ({ q, k, v }) =>
        new Attention({ mask: causal }).attend(q, k, v),
    linear:
      () =>
      ({ q, k, v }) =>
        new LinearAttention({ causal: true }).attend(q, k, v),
    'FAVOR+ 256':
      () =>
      ({ q, k, v }) =>
        new FavorAttention({ features: 256, causal: true }).attend(q, k, v),
    'LSH 2 rounds':
      (t) =>
      ({ q, v }) =>
        new LshAttention({ buckets: [16, t / 512], rounds: 2, chunk: 64, causal: true }).attend(q, q, v),
    'Linformer 256':
      (t) =>
      ({ q, k, v }) =>
        new LinformerAttention({ length: t, rank: 256 }).attend(q, k, v),
    'Nyström 64':
      () =>
      ({ q, k, v }) =>
        new NystromAttention({ landmarks: 64 }).attend(q, k, v),
    retention:
      () =>
      ({ q, k, v }) =>
        new Retention().attend(q, k, v),
    ...Object.fromEntries(
      [512, 32].flatMap((c) => [1, 16].map((chunk) => [`selective scan, C ${c}, N 16, chunk ${chunk}`, (t) => selective(t, c, chunk)])),
    ),
  };
  const rows = [];
  for (const [name, make] of Object.entries(forms)) {
    if (asked.length > 0 && !asked.some((start) => name.startsWith(start))) continue;
    /** @type {number[]} */
    const times = [];
    /** @type {number[]} */
    const work = [];
    const held = lengths.filter((t) => name !== 'dense' || t <= 4096);
    for (const t of held) {
      const shape = [1, 8, t, 64];
      const feeds = { q: tokens('q', shape), k: tokens('k', shape), v: tokens('v', shape) };
      // The sum alone comes out, so that no result is copied.
      const run = compile((/** @type {Heads} */ heads) => make(t)(heads).sum());
      await run(feeds);
      /** @type {number[]} */
      const taken = [];
      /** @type {number[]} */
      const worked = [];
      for (let i = 0; i < 5; i++) {
        const [begun, before] = [performance.now(), process.cpuUsage()];
        await run(feeds);
        taken.push(performance.now() - begun);
        const { user, system } = process.cpuUsage(before);
        worked.push((user + system) / 1000);
      }
      await run.dispose();
      times.push(Math.min(...taken));
      work.push(Math.min(...worked));
    }
    rows.push([name, ...lengths.map((_, i) => times[i]?.toFixed(1) ?? '–'), slope(held, times).toFixed(2), slope(held, work).toFixed(2)]);
  }
  console.log(`Forward, ms, the best of 5; 8 heads of 64, batch 1; ${cpus().length} × ${cpus()[0]?.model}`);
  table(['form', ...lengths.map(String), 'exponent', 'of processor time'], rows);
}

/** @param {number} t @param {number} channels @param {number} chunk */
function selective(t, channels, chunk) {
  return (/** @type {Heads} */ { q, k, v }) => {
    const rows = (/** @type {Tensor} */ x, first = 0, end = channels) => x.reshape([1, t, 512]).slice([null, null, [first, end]]);
    const a = q
      .reshape([t, 512])
      .slice([
        [0, channels],
        [0, 16],
      ])
      .exp()
      .mul(-1);
    const inputs = { delta: rows(q).exp().mul(0.05), a, b: rows(k, 0, 16), c: rows(k, 16, 32) };
    return selectiveScan(rows(v), inputs, { chunk }).y;
  };
}
