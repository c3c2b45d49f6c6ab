import type { LanguageModel } from '../models/index.js';
import { encodeModel } from '../onnx/index.js';
import type { LoweredProgram } from '../runtime/index.js';
import { Continuation } from './continuation.js';
import { type CachedModel, Decoder, decoderProgram } from './decoder.js';
import { decodingLoop } from './loop.js';
import type { NextTokens, NextTokensOptions } from './next-tokens.js';
import { checkOptions, type Finish, type GeneratedToken, type GenerateOptions } from './options.js';
import { Recomputer, recomputerProgram } from './recomputer.js';
import { separateRows } from './rows.js';
import { StateDecoder, type StatefulModel, stateProgram } from './state-reader.js';

export interface Generated {
  /** The prompt and what follows it. */
  readonly ids: number[];
  readonly newIds: number[];
  readonly logprobs: number[];
  /** New tokens by the seconds from the first run of the model to the last, the prompt's included. */
  readonly tokensPerSecond: number;
  /** Under `tokenizer`: the text that follows the prompt's. */
  readonly text?: string;
  /** Why it ended; nothing where no token was asked for. */
  readonly finish?: Finish;
}

/**
 * What reads tokens with a model: with its cache or its state where it has one, else anew for every token.
 * @throws unsupported: a model that reads from both ends
 */
export async function nextTokens(model: LanguageModel, options: NextTokensOptions = {}): Promise<NextTokens> {
  if (model.cache !== undefined) return Decoder.create(model as CachedModel, options);
  return model.carries === undefined ? new Recomputer(model, options) : new StateDecoder(model as StatefulModel, options);
}

/**
 * The ONNX file of the program that reads tokens with a cache or a state, or, of a model without either, the first `length` tokens.
 * The parameters are inputs of it, also where the program that runs holds them, so that any model fits into a file.
 */
export function nextTokensOnnx(model: LanguageModel, length: number, options: NextTokensOptions = {}): Uint8Array {
  const { check, capture, device } = options;
  const rest = { check, capture, ...(device && { device }) };
  const lowered = (): LoweredProgram => {
    if (model.cache !== undefined) return decoderProgram(model as CachedModel, { embedParameters: false, ...rest });
    if (model.carries !== undefined) return stateProgram(model as StatefulModel, { kind: 'step', ...rest });
    return recomputerProgram(model, { length, ...rest });
  };
  return encodeModel(lowered().model);
}

/**
 * Continues a prompt, token by token. Each token is drawn by `sample` with the seed and its index.
 *
 * The context bounds what the model sees, not how long it goes on: when the context is full, the model starts again
 * from the last half of it (at least one token), so that the next tokens are cheap too.
 * @param model a model, or what `nextTokens` made of it: that is reset, read with, and left to its owner
 * @param promptIds at least one token, at most the context
 * @throws value: a bad prompt or option; name: `capture` globs that match no site; numeric: NaN or infinity, under
 * `check`; the signal's reason, when it aborts
 * @example for await (const { id } of generate(model, [1, 2, 3], { maxNewTokens: 20, temperature: 0.8 })) show(id);
 */
export async function* generate(
  model: LanguageModel | NextTokens,
  promptIds: ArrayLike<number>,
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, void, undefined> {
  checkOptions(model, promptIds, options);
  if (options.maxNewTokens === 0) return;
  const source = 'append' in model ? model : await nextTokens(model, options);
  try {
    const text = new Continuation(promptIds, options);
    for await (const { row: _, ...token } of decodingLoop(separateRows([source]), [text], options.signal)) yield token;
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
  try {
    const start = performance.now();
    const tokens: GeneratedToken[] = [];
    for await (const token of generate(source, promptIds, options)) tokens.push(token);
    return generated(promptIds, tokens, (performance.now() - start) / 1000);
  } finally {
    if (source !== model) await source.dispose();
  }
}

/** A text's tokens as one result. */
export function generated(promptIds: ArrayLike<number>, tokens: readonly GeneratedToken[], seconds: number): Generated {
  const newIds = tokens.map(({ id }) => id);
  const finish = tokens.at(-1)?.finish;
  return {
    ids: [...Array.from(promptIds), ...newIds],
    newIds,
    logprobs: tokens.map(({ logprob }) => logprob),
    tokensPerSecond: newIds.length / Math.max(1e-6, seconds),
    ...(tokens[0]?.text !== undefined && { text: tokens.map(({ text = '' }) => text).join('') }),
    ...(finish !== undefined && { finish }),
  };
}
