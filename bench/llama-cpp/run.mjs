#!/usr/bin/env node
// npm run bench:peers [-- --rounds N --threads N --out FILE.json --cache FOLDER]: decoding, prompts, cold start and memory against
// llama.cpp (F32 and F16, through node-llama-cpp) and against our own plain program, in turn, with random weights.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine as machineOf } from '#dist/cli/bench/machine.node.js';
import { files } from '#dist/core/files/files.node.js';
import { modelFiles, shapes } from './models.mjs';
import { coldStart, commandScript, howToInstall, llamaCppVersion, llamaScript, oursScript, side } from './sides.mjs';
import { median, table } from './table.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string' },
    cache: { type: 'string', default: join(files.cacheFolder() ?? '.', 'bench-llama-cpp') },
  },
});
const { threads } = values;
const rounds = Number(values.rounds);
const version = llamaCppVersion();
if (version === undefined) console.log(`${howToInstall}; only our own programs are timed`);

/**
 * What is timed: a prompt of so many tokens, so many new ones, in so many turns a round. Many short turns: the memory that
 * decoding reads is as fast again at one moment as at another.
 * @type {Record<string, readonly [number, number, number]>}
 */
const tasks = { 'prompt of 1,024': [1024, 1, 1], 'decoding from 16': [16, 33, 4], 'decoding from 900': [900, 33, 1] };
/** Greedy tokens that are compared. */
const compared = 129;

const { cpu, cores, gibibytes, node } = machineOf();
const report = {
  date: new Date().toISOString(),
  machine: `${cores} × ${cpu}, ${gibibytes} GiB, Node ${node}`,
  nodeLlamaCpp: version,
  threads: Number(threads),
  rounds,
  models: /** @type {Record<string, unknown>} */ ({}),
};
console.log(`${report.date.slice(0, 10)}, ${report.machine}, ${threads} threads, node-llama-cpp ${version ?? 'not installed'}`);
for (const name of /** @type {const} */ (['gpt2', 'llama'])) report.models[name] = await compare(name);
if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(report, null, 1)}\n`);

/**
 * One model, every side.
 * @param {'gpt2' | 'llama'} name
 */
async function compare(name) {
  const { folder, gguf } = await modelFiles(name, values.cache);
  const weightBytes = 4 * shapes[name]().parameterCount;
  /** @type {Record<string, readonly [string, readonly string[]]>} */
  const processes = {
    ours: [oursScript, [folder, threads]],
    ...(version === undefined
      ? {}
      : { 'llama.cpp F32': [llamaScript, [gguf.F32, threads]], 'llama.cpp F16': [llamaScript, [gguf.F16, threads]] }),
    'ours, plain': [oursScript, [folder, threads, 'plain']],
  };
  const names = Object.keys(processes);
  const cold = await coldStarts(folder, gguf, processes);
  const sides = Object.entries(processes).map(([label, [script, args]]) => ({ label, ...side(script, args) }));
  const vocabulary = shapes[name]().vocabulary;
  const prompt = (/** @type {number} */ length) => Array.from({ length }, (_, i) => (i * 7919 + 13) % vocabulary);
  /** Milliseconds of each task and side, one a turn. @type {Record<string, Record<string, number[]>>} */
  const times = Object.fromEntries(Object.keys(tasks).map((task) => [task, Object.fromEntries(names.map((n) => [n, []]))]));
  /** @type {Record<string, number[]>} */
  const text = {};
  for (let round = -1; round < rounds; round++) {
    console.error(round < 0 ? `${name}: warming up` : `${name}: round ${round + 1} of ${rounds}`);
    if (round < 0) for (const { label, ask } of sides) text[label] = (await ask(prompt(16), compared)).ids;
    for (const [task, [length, count, turns]] of Object.entries(tasks)) {
      for (let turn = 0; turn < turns; turn++) {
        // Each in its turn goes first.
        for (const [i] of sides.entries()) {
          const { label, ask } = /** @type {typeof sides[number]} */ (sides[(i + Math.max(0, round) + turn) % sides.length]);
          const { promptMs, tokenMs } = await ask(prompt(length), count);
          if (round >= 0) times[task]?.[label]?.push(count === 1 ? promptMs : median(tokenMs));
        }
      }
    }
  }
  for (const { close } of sides) await close();
  const same = names.map((n) => commonLength(text.ours ?? [], text[n] ?? []));
  table(name, { names, weightBytes, tasks, times, cold, same, compared });
  return { weightBytes, times, cold, greedyTokensAsOurs: Object.fromEntries(names.map((n, i) => [n, same[i]])) };
}

/**
 * Processes from their start, files in the system's cache: to the first token, and memory at 16 tokens. Ours is the command.
 * @param {string} folder
 * @param {{ F32: string, F16: string }} gguf
 * @param {Record<string, unknown>} processes
 */
async function coldStarts(folder, gguf, processes) {
  const text = 'Once upon a time, in a land far away,';
  const command = ['generate', folder, '--prompt', text, '--temperature', '0', '--threads', threads, '--json', '--max-new-tokens'];
  // Another tokenizer reads the text: as many ids as bytes, at most.
  const question = (/** @type {number} */ count) => `${JSON.stringify({ prompt: Array.from(text, (_, i) => i + 5), count })}\n`;
  /** @type {Record<string, (count: number) => ReturnType<typeof coldStart>>} */
  const starts = {
    ours: (count) => coldStart([commandScript, ...command, String(count)]),
    'llama.cpp F32': (count) => coldStart([llamaScript, gguf.F32, threads], question(count)),
    'llama.cpp F16': (count) => coldStart([llamaScript, gguf.F16, threads], question(count)),
  };
  /** @type {Record<string, { firstMs: number[], peakMiB: number[] }>} */
  const cold = {};
  for (let round = -1; round < rounds; round++) {
    for (const [label, start] of Object.entries(starts)) {
      if (!Object.hasOwn(processes, label)) continue;
      cold[label] ??= { firstMs: [], peakMiB: [] };
      const { firstMs } = await start(1);
      const { peakMiB } = await start(16);
      if (round < 0) continue;
      cold[label].firstMs.push(firstMs);
      cold[label].peakMiB.push(peakMiB);
    }
  }
  return cold;
}

/**
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 */
function commonLength(a, b) {
  const end = a.findIndex((id, i) => id !== b[i]);
  return end < 0 ? a.length : end;
}
