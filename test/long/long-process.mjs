// A process of its own, whose peak memory is one job's: `attention LENGTH`, `gpt CONTEXT` or `race LENGTH`. Prints one JSON object.
import { readFileSync } from 'node:fs';
import { Attention, BlockwiseAttention, causal } from '#dist/attention/index.js';
import { HostArray, normal, randomKey } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { GPT2 } from '#dist/models/index.js';
import { compile } from '#dist/runtime/index.js';
import { adamW, train } from '#dist/train/index.js';

/** @typedef {import('#dist/ops/index.js').Tensor} Tensor */

/** Queries, keys and values of 8 heads of 64. @param {number} length */
function drawn(length) {
  const shape = [1, 8, length, 64];
  return ['query', 'key', 'value'].map((name) => {
    const key = randomKey(0, name);
    return new HostArray(
      Float32Array.from({ length: 8 * length * 64 }, (_, i) => normal(key, i)),
      shape,
      'float32',
    );
  });
}

/** Forward and backward; the gradients stay inside, as in a training step. @param {import('#dist/attention/index.js').AttentionForm} form */
function pass(form) {
  return compile((/** @type {Tensor[]} */ ...qkv) => {
    const [q, k, v] = /** @type {[Tensor, Tensor, Tensor]} */ (qkv);
    const grads = gradients(form.attend(q, k, v).sum(), [q, k, v]);
    return {
      squares: grads.map((g) => g.mul(g).sum()),
      total: /** @type {Tensor} */ (grads[2]).sum({ axis: 2 }),
    };
  });
}

/** Causal attention. @param {number} length */
async function attention(length) {
  const { squares, total } = await pass(new BlockwiseAttention({ causal: true }))(...drawn(length));
  // Σ_ij P_ij = T, for rows sum to 1: so do the gradients by the values, in each of their 8 × 64 columns.
  return {
    finite: squares.every((n) => Number.isFinite(n.data[0])),
    total: Array.from(total.data, Number).reduce((a, b) => a + b, 0) / (8 * 64),
  };
}

/** Dense and in blocks in turn: the median over the rounds of the quotient of their times. @param {number} length */
async function race(length) {
  const arrays = drawn(length);
  const pairs = {
    all: [pass(new Attention()), pass(new BlockwiseAttention())],
    causal: [pass(new Attention({ mask: causal })), pass(new BlockwiseAttention({ causal: true }))],
  };
  const ratios = /** @type {Record<string, number>} */ ({});
  for (const [name, both] of Object.entries(pairs)) {
    const quotients = /** @type {number[]} */ ([]);
    for (let round = -1; round < 9; round++) {
      const times = /** @type {number[]} */ ([]);
      for (const run of both) {
        const begun = performance.now();
        await run(...arrays);
        times.push(performance.now() - begun);
      }
      if (round >= 0) quotients.push(/** @type {number} */ (times[1]) / /** @type {number} */ (times[0])); // the first warms up
    }
    ratios[name] = /** @type {number} */ (quotients.sort((a, b) => a - b)[4]);
  }
  return { ratios };
}

/** One step of a GPT on a text of bytes. @param {number} context */
async function gpt(context) {
  const key = randomKey(0, 'text');
  const ids = Int32Array.from({ length: 2 * context + 2 }, (_, i) => Math.abs(Math.floor(40 * normal(key, i))) % 256);
  const model = new GPT2({ vocabulary: 256, context, layers: 4, heads: 8, width: 512, attention: 'blockwise' });
  const losses = /** @type {number[]} */ ([]);
  await train(model, {
    data: { train: ids, validation: ids.subarray(0, context + 1) },
    steps: 1,
    batch: 1,
    optimizer: adamW({ lr: 1e-3 }),
    onStep: ({ loss }) => losses.push(loss),
  });
  return { losses };
}

const [job, size] = process.argv.slice(2);
const started = performance.now();
const jobs = { attention, gpt, race };
const result = await jobs[/** @type {keyof typeof jobs} */ (job)](Number(size));
const peak = Number(readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+)/)?.[1]) / 1024;
console.log(JSON.stringify({ ...result, peakMiB: Math.round(peak), seconds: Math.round((performance.now() - started) / 1000) }));
