// node bench/llama-cpp/ours.mjs FOLDER [THREADS [plain]]: our side of the comparison; lines in and out as in bench/peers/llama-cpp.mjs.
// plain: ONNX's own operators only, no weights held, no prompt cut into pieces.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { loadModel } from 'headlightjs/checkpoints';
import { HostArray } from 'headlightjs/core';
import { generate, nextTokens } from 'headlightjs/generate';
import { Program } from 'headlightjs/runtime';
import { KeyValueCache } from '#dist/generate/cache.js';
import { decoderProgram } from '#dist/generate/decoder.js';

/** @typedef {import('headlightjs/generate').NextTokens} NextTokens */
/** @typedef {import('headlightjs/generate').CachedModel} CachedModel */

const [folder = '', threads = '2', form] = process.argv.slice(2);
const engine = { threads: Number(threads) };
const model = /** @type {CachedModel} */ (await loadModel(folder, { inPlace: form !== 'plain' }));
const source = form === 'plain' ? await plainReader(model) : await nextTokens(model, engine);

for await (const line of createInterface({ input: process.stdin })) {
  /** @type {{ prompt: number[], count: number }} */
  const { prompt, count } = JSON.parse(line);
  const ids = [];
  const times = [];
  let last = performance.now();
  for await (const { id } of generate(source, prompt, { temperature: 0, maxNewTokens: count })) {
    const now = performance.now();
    times.push(now - last);
    last = now;
    ids.push(id);
  }
  const [promptMs, ...tokenMs] = times;
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
  process.stdout.write(`${JSON.stringify({ ids, promptMs, tokenMs, peakMiB })}\n`);
}
await source.dispose();

/**
 * The decoder's program as it is written for any ONNX Runtime, and its simplest use.
 * @param {CachedModel} cached
 * @returns {Promise<NextTokens>}
 */
async function plainReader(cached) {
  const options = { ...engine, plain: true };
  const program = await Program.create(decoderProgram(cached, { embedParameters: false, ...options }), options);
  const { vocabulary, context } = cached;
  const cache = new KeyValueCache({ ...cached.cache, batch: 1, limit: context });
  return {
    vocabulary,
    context,
    get length() {
      return cache.length;
    },
    async append(ids) {
      const position = Int32Array.from(ids, (_, i) => cache.length + i);
      const { logits, recent } = await program.run({
        ids: new HostArray(Int32Array.from(ids), [1, ids.length], 'int32'),
        position: new HostArray(position, [1, ids.length], 'int32'),
        ...(cache.length === 0 ? cache.empty(1) : cache.feeds()),
      });
      if (logits === undefined || recent === undefined) throw new Error('the program has no such outputs');
      cache.write(recent);
      return /** @type {Float32Array} */ (logits.data);
    },
    reset: () => cache.clear(),
    async dispose() {
      cache.dispose();
      await program.dispose();
    },
  };
}
