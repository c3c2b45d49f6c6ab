// node llama-cpp.mjs FILE.gguf [THREADS [CONTEXT]]: llama.cpp's side, through node-llama-cpp, of the comparison in bench/llama-cpp.
// Lines in, JSON: { prompt: [ids], count }; a line out for each: { ids, promptMs, tokenMs: […], peakMiB }, greedily.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

// By a variable: the checker of types shall not look for a package that need not be installed.
const packageName = 'node-llama-cpp';
const { getLlama } = await import(packageName);
const [path = '', threads = '2', contextSize = '1280'] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: 'error', maxThreads: Number(threads) });
const model = await llama.loadModel({ modelPath: path });
// Flash attention and the sizes of batches are left to its defaults.
const context = await model.createContext({ contextSize: Number(contextSize), threads: Number(threads) });
const sequence = context.getSequence();

for await (const line of createInterface({ input: process.stdin })) {
  const { prompt, count } = JSON.parse(line);
  await sequence.clearHistory();
  const ids = [];
  const times = [];
  let last = performance.now();
  for await (const id of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    const now = performance.now();
    times.push(now - last);
    last = now;
    ids.push(id);
    if (ids.length === count) break;
  }
  const [promptMs, ...tokenMs] = times;
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
  process.stdout.write(`${JSON.stringify({ ids, promptMs, tokenMs, peakMiB })}\n`);
}
// Its threads would keep the process.
process.exit(0);
