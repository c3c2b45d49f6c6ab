// node transformers.mjs FOLDER [THREADS]: Transformers.js's side of the comparison in bench/llama-cpp; lines in and out as in llama-cpp.mjs.
// FOLDER: config.json, and onnx/model.onnx as Optimum exports it.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

// By a variable: the checker of types shall not look for a package that need not be installed.
const packageName = '@huggingface/transformers';
const { AutoModelForCausalLM, BaseStreamer, Tensor } = await import(packageName);
const [folder = '', threads = '2'] = process.argv.slice(2);
const model = await AutoModelForCausalLM.from_pretrained(folder, {
  ...{ device: 'cpu', dtype: 'fp32', local_files_only: true },
  session_options: { intraOpNumThreads: Number(threads), interOpNumThreads: 1 },
});

/** Hears of every token when it is chosen. */
class Clock extends BaseStreamer {
  /** @type {number[]} */
  ids = [];
  /** @type {number[]} */
  times = [];
  #last = performance.now();
  #isPrompt = true;

  /** @param {bigint[][]} value */
  put(value) {
    // The first that comes is the prompt.
    if (this.#isPrompt) {
      this.#isPrompt = false;
      return;
    }
    const now = performance.now();
    this.times.push(now - this.#last);
    this.#last = now;
    this.ids.push(Number(value[0]?.[0]));
  }

  end() {}
}

for await (const line of createInterface({ input: process.stdin })) {
  const { prompt, count } = JSON.parse(line);
  const shape = [1, prompt.length];
  const clock = new Clock();
  await model.generate({
    inputs: new Tensor('int64', BigInt64Array.from(prompt, BigInt), shape),
    attention_mask: new Tensor(
      'int64',
      BigInt64Array.from(prompt, () => 1n),
      shape,
    ),
    ...{ max_new_tokens: count, do_sample: false, eos_token_id: null, streamer: clock },
  });
  const [promptMs, ...tokenMs] = clock.times;
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
  process.stdout.write(`${JSON.stringify({ ids: clock.ids, promptMs, tokenMs, peakMiB })}\n`);
}
process.exit(0);
