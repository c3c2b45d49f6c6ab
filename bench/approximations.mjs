#!/usr/bin/env node
// node bench/approximations.mjs [PART…]: how far attention's approximations are from softmax attention.
// favor: error against random features; lsh: recall of the true top 16 against rounds; rank: Linformer's error against rank
// and Nyström's against landmarks.
import { Attention, FavorAttention, LinformerAttention, LshAttention, NystromAttention, segmentMeans } from 'headlightjs/attention';
import { error, once, slope, table, tokens } from './attention-forms.mjs';

/**
 * @typedef {import('headlightjs/core').HostArray} HostArray
 * @typedef {import('headlightjs/ops').Tensor} Tensor
 * @typedef {import('./attention-forms.mjs').Heads} Heads
 */

/** @param {number} scale deviation of queries and keys */
async function favorAt(scale) {
  const shape = [1, 2, 256, 64];
  const feeds = { q: tokens('q', shape, 0, scale), k: tokens('k', shape, 0, scale), v: tokens('v', shape) };
  const counts = [16, 32, 64, 128, 256, 512, 1024];
  const draws = 12;
  const dense = await once(({ q, k, v }) => ({ y: new Attention().attend(q, k, v) }), feeds);
  /** @type {Record<string, number[]>} */
  const found = { orthogonal: [], independent: [] };
  for (const features of counts) {
    for (const kind of ['orthogonal', 'independent']) {
      const form = new FavorAttention({ features, orthogonal: kind === 'orthogonal' });
      const forward = (/** @type {Heads} */ { q, k, v }) => {
        /** @type {Record<string, Tensor>} */
        const all = {};
        for (let draw = 0; draw < draws; draw++) {
          form.redraw(draw);
          all[`d${draw}`] = form.attend(q, k, v);
        }
        return all;
      };
      const results = Object.values(await once(forward, feeds));
      found[kind]?.push(Math.sqrt(results.reduce((a, y) => a + error(y, dense.y) ** 2, 0) / draws));
    }
  }
  console.log(`FAVOR+: |ŷ − y|/|y|, root mean square over ${draws} draws; T 256, D 64, queries and keys of deviation ${scale}`);
  const row = (/** @type {string} */ kind) => (found[kind] ?? []).map((e) => e.toFixed(4));
  table(
    ['features', ...counts.map(String), 'slope'],
    ['orthogonal', 'independent'].map((kind) => [kind, ...row(kind), slope(counts, found[kind] ?? []).toFixed(2)]),
  );
}

async function favor() {
  for (const scale of [0.4, 0.7]) await favorAt(scale);
}

async function lsh() {
  const [length, width, top] = [1024, 64, 16];
  const shape = [1, 1, length, width];
  const rounds = [1, 2, 4, 8];
  /** 32 tokens each around a common centre. */
  const grouped = tokens('noise', shape, 0, 0.5);
  const centres = tokens('centres', [length / 32, width]);
  grouped.data.forEach((v, i) => {
    const group = Math.floor(i / width) % (length / 32);
    grouped.data[i] = Number(v) + Number(centres.data[group * width + (i % width)]);
  });
  const rows = [];
  for (const [name, q] of /** @type {const} */ ([
    ['independent tokens', tokens('q', shape)],
    ['groups of 32', grouped],
  ])) {
    const feeds = { q, k: q, v: q };
    const near = Array.from({ length }, (_, i) => {
      const x = (/** @type {number} */ t) => q.data.slice(t * width, (t + 1) * width);
      const dot = (/** @type {ArrayLike<number | bigint>} */ a, /** @type {ArrayLike<number | bigint>} */ b) => {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += Number(a[d]) * Number(b[d]);
        return sum;
      };
      const cosines = Array.from({ length }, (_, j) => ({ j, c: j === i ? -1 : dot(x(i), x(j)) / Math.sqrt(dot(x(j), x(j))) }));
      return cosines
        .sort((a, b) => b.c - a.c)
        .slice(0, top)
        .map(({ j }) => j);
    });
    const cells = [];
    for (const n of rounds) {
      const form = new LshAttention({ buckets: 32, rounds: n });
      const { pattern } = await once(({ q: x }) => ({ pattern: form.pattern(x, x) }), feeds);
      const hits = near.reduce((a, list, i) => a + list.filter((j) => Number(pattern.data[i * length + j]) > 0).length, 0);
      cells.push((hits / (top * length)).toFixed(3));
    }
    rows.push([name, ...cells]);
  }
  console.log(`LSH: of the true top ${top} keys, those met; T ${length}, D ${width}, 32 buckets, chunks of 64`);
  table(['rounds', ...rounds.map(String)], rows);
}

async function rank() {
  const shape = [1, 2, 512, 64];
  const ranks = [8, 16, 32, 64, 128, 256, 512];
  const rows = [];
  for (const likeness of [0, 0.9, 0.99]) {
    const feeds = { q: tokens('q', shape, likeness), k: tokens('k', shape, likeness), v: tokens('v', shape, likeness) };
    const forward = (/** @type {Heads} */ { q, k, v }) => ({
      dense: new Attention().attend(q, k, v),
      ...Object.fromEntries(
        ranks.flatMap((r) => [
          [`linformer ${r}`, new LinformerAttention({ length: 512, rank: r, initializer: segmentMeans }).attend(q, k, v)],
          [`nystrom ${r}`, new NystromAttention({ landmarks: r, iterations: 12 }).attend(q, k, v)],
        ]),
      ),
    });
    /** @type {Record<string, HostArray>} */
    const got = await once(forward, feeds);
    for (const form of ['linformer', 'nystrom']) {
      const errors = ranks.map((r) => error(/** @type {HostArray} */ (got[`${form} ${r}`]), /** @type {HostArray} */ (got.dense)));
      rows.push([form, likeness, ...errors.map((e) => e.toFixed(4))]);
    }
  }
  console.log('Linformer with means of segments, and Nyström (12 steps): |ŷ − y|/|y|; T 512, D 64, each token like the one before by ρ');
  table(['form', 'ρ', ...ranks.map(String)], rows);
}

const parts = { favor, lsh, rank };
const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  console.error(`bench/approximations: parts among ${Object.keys(parts).join(', ')}; got ${unknown}`);
  process.exit(2);
}
for (const [name, part] of Object.entries(parts)) if (chosen.length === 0 || chosen.includes(name)) await part();
