import { fail } from '../core/index.js';
import type { Alternative } from './log-probability.js';
import type { NextTokensOptions } from './next-tokens.js';
import type { Captured } from './outputs.js';
import { checkSampling, type SamplingOptions } from './sampling-options.js';
import type { Decodes } from './text-stream.js';

export interface GenerateOptions extends SamplingOptions, NextTokensOptions {
  readonly maxNewTokens: number;
  /** Keys the random choices; 0 by default. */
  readonly seed?: number;
  /** Tokens that end the text; the one that did is the last yielded. */
  readonly stopIds?: readonly number[];
  /** The same of the model's own ends of a text (`endTokenIds` reads them), whose names are no part of it: its `text` is empty. */
  readonly endIds?: readonly number[];
  /** Strings that end the text, which then ends before them; they may span tokens. Needs `tokenizer`. */
  readonly stop?: readonly string[];
  /** Makes text of the tokens: each then has `text`. */
  readonly tokenizer?: Decodes;
  /** How many of the likeliest tokens each step names, with their log probabilities; none by default. */
  readonly alternatives?: number;
  readonly signal?: AbortSignal;
}

/** Why a text ended: `length`, as many tokens as were asked for; `end`, by the model; `stopId` or `stop`, a token or a string that ends it. */
export type Finish = 'length' | 'end' | 'stopId' | 'stop';

export interface GeneratedToken {
  readonly id: number;
  /** log p(id) under the model itself: temperature 1, the whole vocabulary. */
  readonly logprob: number;
  /** 0 for the first new token. */
  readonly index: number;
  /** Under `tokenizer`: text that is sure now. All of a text's tokens together give its continuation, stop strings left out. */
  readonly text?: string;
  /** Under `alternatives`: the likeliest tokens under the model itself, the likeliest first. */
  readonly alternatives?: readonly Alternative[];
  /**
   * Under `capture`: the values of the run that led to this token, [1,…]: the prompt's for the first, then those of one
   * token each.
   */
  readonly captured?: Captured;
  /** Of the last token. */
  readonly finish?: Finish;
}

/** What can be known before the first run. @throws value: a bad option or prompt */
export function checkOptions({ context }: { readonly context: number }, prompt: ArrayLike<number>, options: GenerateOptions): void {
  const { maxNewTokens, alternatives = 0, stop = [], tokenizer } = options;
  const demand = (holds: boolean, rule: string, got: string, fix?: string): void => {
    if (!holds) throw fail('value', { where: 'generate', rule, got, ...(fix !== undefined && { fix }) });
  };
  checkSampling(options);
  demand(Number.isInteger(maxNewTokens) && maxNewTokens >= 0, 'maxNewTokens is a whole number from 0', String(maxNewTokens));
  demand(Number.isInteger(alternatives) && alternatives >= 0, 'alternatives is a whole number from 0', String(alternatives));
  demand(!stop.includes(''), 'stop strings of at least one character', '""');
  demand(stop.length === 0 || tokenizer !== undefined, 'a tokenizer, to look for stop strings', 'none', 'Give tokenizer');
  demand(prompt.length > 0, 'a prompt of at least one token', 'none');
  demand(
    prompt.length <= context,
    `a prompt of at most ${context} tokens, the model's context`,
    `${prompt.length} tokens`,
    'Shorten the prompt',
  );
}
