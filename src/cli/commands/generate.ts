import { files } from '#files';
import { generate, nextTokensOnnx } from '../../generate/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { openTextCheckpoint } from '../checkpoint.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { checkOutputs } from '../output-path.js';

export interface GenerateFlags extends EngineFlags, FaultFlags {
  readonly prompt: string;
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly json?: boolean;
}

/**
 * Continues a prompt; on a terminal, as the tokens come. JSON: `text` and `ids` of prompt and continuation, `newIds`
 * and their `logprobs` (log p under the model itself), `tokensPerSecond`, the reading of the prompt included.
 */
export async function generateCommand(folder: string, flags: GenerateFlags, io: CommandIo): Promise<void> {
  const { maxNewTokens, temperature, topK, topP, seed, check, dumpOnnx, device, threads } = flags;
  await checkOutputs([dumpOnnx], [folder]);
  const { model, tokenizer } = await openTextCheckpoint(folder);
  const prompt = tokenizer.encode(flags.prompt);
  const options = {
    maxNewTokens,
    temperature,
    seed,
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(check && { check }),
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
  };
  if (dumpOnnx !== undefined) await files.writeAtomic(dumpOnnx, nextTokensOnnx(model, prompt.length, options));
  const shown = !flags.json && io.outIsTerminal ? new Streamed(tokenizer, io) : undefined;
  const ids = [...prompt];
  const logprobs: number[] = [];
  const begun = performance.now();
  for await (const { id, logprob } of generate(model, prompt, options)) {
    if (logprobs.length === 0) shown?.show(prompt);
    ids.push(id);
    logprobs.push(logprob);
    shown?.show(ids);
  }
  const tokensPerSecond = logprobs.length / Math.max(1e-3, (performance.now() - begun) / 1000);
  const text = tokenizer.decode(ids);
  if (flags.json) io.out(`${JSON.stringify({ text, ids, newIds: ids.slice(prompt.length), logprobs, tokensPerSecond })}\n`);
  else if (shown === undefined) io.out(`${text}\n`);
  else shown.end(ids);
  if (!flags.json) io.note(`${logprobs.length} tokens, ${tokensPerSecond.toFixed(0)} per second`);
}

/** Writes text as it grows, and only once it is sure: a token may hold the first half of a character. */
class Streamed {
  #written = 0;
  readonly #tokenizer: Tokenizer;
  readonly #io: CommandIo;

  constructor(tokenizer: Tokenizer, io: CommandIo) {
    this.#tokenizer = tokenizer;
    this.#io = io;
  }

  show(ids: readonly number[]): void {
    const text = this.#tokenizer.decode(ids);
    if (text.endsWith('\ufffd')) return;
    this.#io.out(text.slice(this.#written));
    this.#written = text.length;
  }

  end(ids: readonly number[]): void {
    this.#io.out(`${this.#tokenizer.decode(ids).slice(this.#written)}\n`);
  }
}
