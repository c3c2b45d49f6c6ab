#!/usr/bin/env node
// npm run bench:training-peers [-- --rounds N --only NAME --json]: the S training step against what else trains in JavaScript, from equal weights
// over equal batches, in turn. First: npm install --prefix bench/peers
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { saveModel, writeSafetensors } from '#dist/checkpoints/index.js';
import { machine } from '#dist/cli/bench/machine.node.js';
import { median, summarize } from '#dist/cli/bench/statistics.js';
import { stackBatches, storyBatches } from '#dist/cli/bench/step-batches.js';
import { compareLosses } from '#dist/cli/bench/step-compare.js';
import { OurSide } from '#dist/cli/bench/step-ours.js';
import { modelOf, stepCases } from '#dist/cli/bench/step-shape.js';
import { adamW } from '#dist/train/index.js';
import { peers, startPeer, without } from './sides.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
const { shape } = stepCases.S;
const optimizer = adamW({ lr: 1e-4 });
const rules = { optimizer, clip: 1, threads: availableParallelism() };
/** Steps of ours for each of a peer's, so that both take part of a second. */
const [ourSteps, peerSteps] = [20, 2];

const folder = await mkdtemp(join(tmpdir(), 'headlight-peers-'));
/** @type {Record<string, { missing: string } | Awaited<ReturnType<typeof race>>>} */
const results = {};
const ours = await OurSide.create(modelOf(shape, 'gelu_new'), shape, rules, storyBatches(shape));
try {
  await saveModel(folder, modelOf(shape, 'gelu_new'));
  const batchFile = join(folder, 'batches.safetensors');
  await writeSafetensors(batchFile, stackBatches(storyBatches(shape), ourSteps + 1, shape));
  const { lr, betas, weightDecay } = optimizer;
  const settings = JSON.stringify({ ...shape, lr, betas, weightDecay, clip: rules.clip });
  const first = await ours.run(0, peerSteps + 1);
  const { cpu, cores, gibibytes, node, onnxruntime } = machine();
  console.log(`${cpu}, ${cores} cores, ${gibibytes} GiB, node ${node}, onnxruntime ${onnxruntime}; S, ${rules.threads} threads\n`);
  console.log(`${''.padEnd(30)}${'ms/step'.padStart(10)}${'ours'.padStart(8)}${'ratio'.padStart(8)}   rounds`);
  for (const [name, command] of Object.entries(peers)) {
    if (!name.includes(values.only)) continue;
    const side = await startPeer(command, [join(folder, 'model.safetensors'), batchFile, settings]);
    if ('missing' in side) {
      results[name] = side;
      console.log(`${name.padEnd(30)} not measured: ${side.missing}`);
      continue;
    }
    try {
      const result = await race(side, first.losses);
      results[name] = result;
      const { ms, ourMs, ratio, ratios } = result;
      const spread = `${ratios.min.toFixed(1)} to ${ratios.max.toFixed(1)}`;
      console.log(
        `${name.padEnd(30)}${ms.median.toFixed(0).padStart(10)}${ourMs.median.toFixed(1).padStart(8)}${ratio.toFixed(1).padStart(8)}   ${spread}`,
      );
      console.log(`  ${side.version}${side.note ? `; ${side.note}` : ''}`);
    } catch (error) {
      results[name] = { missing: String(error) };
      console.log(`${name.padEnd(30)} not measured: ${error}`);
    } finally {
      side.close();
    }
  }
  for (const line of without) console.log(line);
  if (values.json)
    console.log(JSON.stringify({ bench: 'training-peers', date: new Date().toISOString(), machine: machine(), shape, results, without }));
} finally {
  await ours.dispose();
  await rm(folder, { recursive: true, force: true });
}

/**
 * Equal losses first, then blocks in turn.
 * @param {{ version: string, note?: string, run(first: number, count: number): Promise<{ losses: number[], ms: number[] }> }} side
 * @param {readonly number[]} losses
 */
async function race({ version, note, run }, losses) {
  const equality = compareLosses(losses, (await run(0, losses.length)).losses);
  /** @type {Record<'ms' | 'ourMs' | 'ratios', number[]>} */
  const { ms, ourMs, ratios } = { ms: [], ourMs: [], ratios: [] };
  for (let round = 0; round < rounds; round++) {
    const mine = (await ours.run(0, ourSteps + 1)).ms.slice(1);
    const its = (await run(0, peerSteps)).ms;
    ms.push(...its);
    ourMs.push(...mine);
    ratios.push(median(its) / median(mine));
  }
  const [theirs, own] = [summarize(ms), summarize(ourMs)];
  return { version, ...(note && { note }), equality, ms: theirs, ourMs: own, ratio: theirs.median / own.median, ratios: summarize(ratios) };
}
