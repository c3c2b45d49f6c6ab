import { type Command, Option } from 'commander';
import type { SamplingDefaults } from '../checkpoints/index.js';
import { fail } from '../core/index.js';
import type { GenerateOptions } from '../generate/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { type EngineFlags, realNumber, wholeNumber } from './options.js';

/** How tokens are chosen, and when a text ends. */
export interface GenerationFlags extends EngineFlags {
  readonly maxNewTokens: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typicalP?: number;
  readonly repetitionPenalty?: number;
  readonly noRepeatNgram?: number;
  readonly stop?: readonly string[];
  readonly seed: number;
  readonly check?: boolean;
}

/** Where neither a flag nor the checkpoint says another. */
const usualTemperature = 0.8;

/** @param maxNewTokens the default of `--max-new-tokens` */
export function generationOptions(command: Command, maxNewTokens: number): Command {
  const noRepeatNgram = new Option('--no-repeat-ngram <n>', 'no n tokens in a row twice').argParser(wholeNumber(1));
  // The parser takes `--no-x` for the contrary of `--x`; here it is a name like any.
  noRepeatNgram.negate = false;
  return command
    .option('--max-new-tokens <n>', 'how far', wholeNumber(0), maxNewTokens)
    .option(
      '--temperature <t>',
      `0 always takes the likeliest token (default: the checkpoint's, else ${usualTemperature})`,
      realNumber({ from: 0 }),
    )
    .option('--top-k <k>', 'choose among the k likeliest tokens', wholeNumber(1))
    .option('--top-p <p>', 'choose among the fewest tokens whose probabilities add up to p', realNumber({ above: 0, to: 1 }))
    .option('--min-p <p>', 'choose among tokens at least p times as likely as the likeliest', realNumber({ from: 0, to: 1 }))
    .option('--typical-p <p>', 'choose among the tokens of typical information, of mass p', realNumber({ above: 0, to: 1 }))
    .option('--repetition-penalty <x>', 'above 1: make tokens that have been less likely', realNumber({ above: 0 }))
    .addOption(noRepeatNgram)
    .addOption(new Option('--stop <text>', 'end before this text, or at this token; say it again for several').argParser(collected))
    .option('--seed <n>', 'seeds the choices', wholeNumber(0), 0);
}

/** Reads an option that may be given several times. */
export function collected(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/**
 * What the library takes. A stop that is a token without text, such as `<|endoftext|>`, is looked for among the ids.
 * @param defaults how the checkpoint wants tokens chosen, where no flag says otherwise
 */
export function generateOptionsOf(
  flags: GenerationFlags,
  tokenizer: Tokenizer,
  defaults: SamplingDefaults,
): GenerateOptions & { readonly tokenizer: Tokenizer } {
  const { maxNewTokens, seed, temperature, topK, topP, minP, typicalP, repetitionPenalty, noRepeatNgram, ...rest } = flags;
  const { check, device, threads, stop: stops = [] } = rest;
  const silent = (text: string): number[] => {
    const id = tokenizer.idOf(text);
    return id !== undefined && tokenizer.decode([id]) === '' ? [id] : [];
  };
  return {
    temperature: usualTemperature,
    ...defaults,
    maxNewTokens,
    seed,
    tokenizer,
    stop: stops.filter((text) => silent(text).length === 0),
    stopIds: stops.flatMap(silent),
    ...(temperature !== undefined && { temperature }),
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(minP !== undefined && { minP }),
    ...(typicalP !== undefined && { typicalP }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
    ...(noRepeatNgram !== undefined && { noRepeatNgram }),
    ...(check && { check }),
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
  };
}

/** @throws value, always: a flag that does not go with the others */
export function refuseFlag(where: string, rule: string, fix: string): never {
  throw fail('value', { where, rule, fix });
}
