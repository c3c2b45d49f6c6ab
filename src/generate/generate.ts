import { fail } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { encodeModel } from '../onnx/index.js';
import { type CachedModel, Decoder, decoderProgram } from './decoder.js';
import { turns } from './event-loop.js';
import { logProbability } from './log-probability.js';
import type { NextTokens, NextTokensOptions } from './next-tokens.js';
import { Recomputer, recomputerProgram } from './recomputer.js';
import { sample } from './sampling.js';
import { checkSampling, type SamplingOptions } from './sampling-options.js';

export interface GenerateOptions extends SamplingOptions, NextTokensOptions {
  readonly maxNewTokens: number;
  /** Keys the random choices; 0 by default. */
  readonly seed?: number;
  /** Tokens that end the text; the one that did is the last yielded. */
  readonly stopIds?: readonly number[];
  readonly signal?: AbortSignal;
}

export interface GeneratedToken {
  readonly id: number;
  /** log p(id) under the model itself: temperature 1, the whole vocabulary. */
  readonly logprob: number;
  /** 0 for the first new token. */
  readonly index: number;
}

export interface Generated {
  /** The prompt and what follows it. */
  readonly ids: number[];
  readonly newIds: number[];
  readonly logprobs: number[];
  /** New tokens by the seconds from the first run of the model to the last, the prompt's included. */
  readonly tokensPerSecond: number;
}

/** What reads tokens with a model: with its cache where it has one, else anew for every token. */
export async function nextTokens(model: LanguageModel, options: NextTokensOptions = {}): Promise<NextTokens> {
  return model.cache === undefined ? new Recomputer(model, options) : Decoder.create(model as CachedModel, options);
}

/**
 * The ONNX file of the program that reads one token with a cache, or, of a model without one, the first `length` tokens.
 * The parameters are inputs of it, also where the program that runs holds them, so that any model fits into a file.
 */
export function nextTokensOnnx(model: LanguageModel, length: number, options: NextTokensOptions = {}): Uint8Array {
  const { check = false, device } = options;
  const rest = { check, ...(device && { device }) };
  const { model: program } =
    model.cache === undefined
      ? recomputerProgram(model, { length, ...rest })
      : decoderProgram(model as CachedModel, { kind: 'step', batch: 1, embedParameters: false, ...rest });
  return encodeModel(program);
}

/**
 * Continues a prompt, token by token. Each token is drawn by `sample` with the seed and its index.
 *
 * The context bounds what the model sees, not how long it goes on: when the context is full, the model starts again
 * from the last half of it (at least one token), so that the next tokens are cheap too.
 * @param model a model, or what `nextTokens` made of it: that is reset, read with, and left to its owner
 * @param promptIds at least one token, at most the context
 * @throws value: a bad prompt or option; numeric: NaN or infinity, under `check`; the signal's reason, when it aborts
 * @example for await (const { id } of generate(model, [1, 2, 3], { maxNewTokens: 20, temperature: 0.8 })) show(id);
 */
export async function* generate(
  model: LanguageModel | NextTokens,
  promptIds: ArrayLike<number>,
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, void, undefined> {
  checkOptions(model, promptIds, options);
  const { maxNewTokens, stopIds = [], signal } = options;
  if (maxNewTokens === 0) return;
  const source = 'append' in model ? model : await nextTokens(model, options);
  const turn = turns();
  try {
    const ids = Array.from(promptIds);
    source.reset();
    signal?.throwIfAborted();
    let logits = await source.append(ids);
    for (let index = 0; ; index++) {
      await turn();
      signal?.throwIfAborted();
      const id = sample(logits, options, index, ids);
      ids.push(id);
      yield { id, logprob: logProbability(logits, id), index };
      if (index + 1 === maxNewTokens || stopIds.includes(id)) return;
      signal?.throwIfAborted();
      const isFull = source.length === source.context;
      if (isFull) source.reset();
      logits = await source.append(isFull ? ids.slice(-Math.max(1, source.context >> 1)) : [id]);
    }
  } finally {
    if (source !== model) await source.dispose();
  }
}

/** The same, to the end. @returns all tokens, and how fast they came */
export async function generateAll(
  model: LanguageModel | NextTokens,
  promptIds: ArrayLike<number>,
  options: GenerateOptions,
): Promise<Generated> {
  checkOptions(model, promptIds, options);
  const source = 'append' in model ? model : await nextTokens(model, options);
  const newIds: number[] = [];
  const logprobs: number[] = [];
  try {
    const start = performance.now();
    for await (const { id, logprob } of generate(source, promptIds, options)) {
      newIds.push(id);
      logprobs.push(logprob);
    }
    const seconds = (performance.now() - start) / 1000;
    return { ids: [...Array.from(promptIds), ...newIds], newIds, logprobs, tokensPerSecond: newIds.length / seconds };
  } finally {
    if (source !== model) await source.dispose();
  }
}

/** What can be known before the first run. */
function checkOptions({ context }: { readonly context: number }, prompt: ArrayLike<number>, options: GenerateOptions): void {
  const { maxNewTokens } = options;
  checkSampling(options);
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 0) {
    throw fail('value', { where: 'generate', rule: 'maxNewTokens is a whole number from 0', got: String(maxNewTokens) });
  }
  if (prompt.length === 0) throw fail('value', { where: 'generate', rule: 'a prompt of at least one token', got: 'none' });
  if (prompt.length > context) {
    throw fail('value', {
      where: 'generate',
      rule: `a prompt of at most ${context} tokens, the model's context`,
      got: `${prompt.length} tokens`,
      fix: 'Shorten the prompt',
    });
  }
}
