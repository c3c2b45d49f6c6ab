// A process of its own, whose peak memory is one job's: `attention LENGTH` or `gpt CONTEXT`. Prints one JSON object.
import { readFileSync } from 'node:fs';
import { BlockwiseAttention } from '#dist/attention/index.js';
import { HostArray, normal, randomKey } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { GPT2 } from '#dist/models/index.js';
import { compile } from '#dist/runtime/index.js';
import { adamW, train } from '#dist/train/index.js';

/** Forward and backward of causal attention, 8 heads of 64; the gradients stay inside, as in a training step. @param {number} length */
async function attention(length) {
  const shape = [1, 8, length, 64];
  const arrays = ['query', 'key', 'value'].map((name) => {
    const key = randomKey(0, name);
    return new HostArray(
      Float32Array.from({ length: 8 * length * 64 }, (_, i) => normal(key, i)),
      shape,
      'float32',
    );
  });
  const form = new BlockwiseAttention({ causal: true });
  const run = compile((/** @type {import('#dist/ops/index.js').Tensor[]} */ ...qkv) => {
    const [q, k, v] =
      /** @type {[import('#dist/ops/index.js').Tensor, import('#dist/ops/index.js').Tensor, import('#dist/ops/index.js').Tensor]} */ (qkv);
    const loss = form.attend(q, k, v).sum();
    const grads = gradients(loss, [q, k, v]);
    return {
      squares: grads.map((g) => g.mul(g).sum()),
      total: /** @type {import('#dist/ops/index.js').Tensor} */ (grads[2]).sum({ axis: 2 }),
    };
  });
  const { squares, total } = await run(...arrays);
  // Σ_ij P_ij = T, for rows sum to 1: so do the gradients by the values, in each of their 8 × 64 columns.
  return {
    finite: squares.every((n) => Number.isFinite(n.data[0])),
    total: Array.from(total.data, Number).reduce((a, b) => a + b, 0) / (8 * 64),
  };
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
const result = await (job === 'gpt' ? gpt : attention)(Number(size));
const peak = Number(readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+)/)?.[1]) / 1024;
console.log(JSON.stringify({ ...result, peakMiB: Math.round(peak), seconds: Math.round((performance.now() - started) / 1000) }));
