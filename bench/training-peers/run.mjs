#!/usr/bin/env node
// npm run bench:training-peers [-- --seconds N --only NAME --json --plot FILE.svg]: the S training step against what else trains in
// JavaScript, from equal weights over equal batches, in turn. Each peer gets as many rounds as fit in so many seconds, from 3 to 10.
// First: npm install --prefix bench/peers
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { saveModel, writeSafetensors } from '#dist/checkpoints/index.js';
import { LoadMeter } from '#dist/cli/bench/load.node.js';
import { machine } from '#dist/cli/bench/machine.node.js';
import { plotBench } from '#dist/cli/bench/plot/plot.js';
import { median, summarize } from '#dist/cli/bench/statistics.js';
import { stackBatches, storyBatches } from '#dist/cli/bench/step-batches.js';
import { compareLosses } from '#dist/cli/bench/step-compare.js';
import { OurSide } from '#dist/cli/bench/step-ours.js';
import { quietLoad } from '#dist/cli/bench/step-report.js';
import { modelOf, stepCases } from '#dist/cli/bench/step-shape.js';
import { adamW } from '#dist/train/index.js';
import { peers, startPeer } from './sides.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    plot: { type: 'string' },
  },
});
const { shape } = stepCases.S;
const optimizer = adamW({ lr: 1e-4 });
const rules = { optimizer, clip: 1, threads: availableParallelism() };
/** Steps of a block of ours, which takes part of a second, and steps whose losses are compared first. */
const [ourSteps, comparedSteps] = [20, 3];
/** A peer's block: two steps where they are short, else one. */
const longMs = 3000;

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
  const first = await ours.run(0, comparedSteps);
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
      const { steps, relative } = result.equality;
      if (result.othersLoad > quietLoad)
        console.log(`  NOT QUIET: other programs took ${(100 * result.othersLoad).toFixed(0)}% of the processors`);
      console.log(`  ${side.version}; ${steps} losses equal within ${relative.toExponential(1)}${side.note ? `; ${side.note}` : ''}`);
    } catch (error) {
      results[name] = { missing: String(error) };
      console.log(`${name.padEnd(30)} not measured: ${error}`);
    } finally {
      side.close();
    }
  }
  const record = { bench: 'training-peers', date: new Date().toISOString(), machine: machine(), threads: rules.threads, shape, results };
  if (values.json) console.log(JSON.stringify(record));
  if (values.plot !== undefined) writeFileSync(values.plot, plotBench(record));
} finally {
  await ours.dispose();
  await rm(folder, { recursive: true, force: true });
}

/**
 * Equal losses first, then blocks in turn.
 * @param {Exclude<Awaited<ReturnType<typeof startPeer>>, { missing: string }>} side
 * @param {readonly number[]} losses
 */
async function race({ version, note, run, processorTime }, losses) {
  const compared = await run(0, losses.length);
  const equality = compareLosses(losses, compared.losses);
  // The last of them: the first compile and warm up.
  const stepMs = compared.ms.at(-1) ?? Number.NaN;
  const peerSteps = stepMs > longMs ? 1 : 2;
  const rounds = Math.min(10, Math.max(3, Math.floor((1000 * Number(values.seconds)) / (peerSteps * stepMs))));
  /** @type {Record<'ms' | 'ourMs' | 'ratios', number[]>} */
  const { ms, ourMs, ratios } = { ms: [], ourMs: [], ratios: [] };
  const load = new LoadMeter(processorTime);
  for (let round = 0; round < rounds; round++) {
    // Each in its turn goes first.
    const mineFirst = round % 2 === 0;
    const before = mineFirst ? await ours.run(0, ourSteps + 1) : undefined;
    const its = (await run(0, peerSteps)).ms;
    const mine = (before ?? (await ours.run(0, ourSteps + 1))).ms.slice(1);
    ms.push(...its);
    ourMs.push(...mine);
    ratios.push(median(its) / median(mine));
  }
  const [theirs, own] = [summarize(ms), summarize(ourMs)];
  return {
    version,
    ...(note && { note }),
    equality,
    ms: theirs,
    ourMs: own,
    ratio: median(ratios),
    ratios: summarize(ratios),
    othersLoad: load.others(),
  };
}
