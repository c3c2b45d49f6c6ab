import { fail } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { Continuation } from './continuation.js';
import { type Generated, generated } from './generate.js';
import { decodingLoop, type RowToken } from './loop.js';
import { checkOptions, type GenerateOptions } from './options.js';
import { rowsOf } from './rows.js';

export interface BatchOptions extends GenerateOptions {
  /** A seed for each prompt; all have `seed` by default, so that each gives what it gives alone. */
  readonly seeds?: readonly number[];
}

/**
 * Continues several prompts of any lengths side by side, in one run of the model per token. Prompts are read one by one,
 * each by the program that would read it alone; then every row has its own positions and slots, so nothing is padded, and
 * each prompt's tokens are what `generate` gives for it. A text that is finished is carried along, at its row's cost,
 * until all are. A model without a cache reads each text by itself.
 * @param prompts at least one, each of at least one token and at most the context
 * @throws as `generate`
 * @example for await (const { row, id } of generateBatch(model, [[1, 2], [3]], { maxNewTokens: 20 })) show(row, id);
 */
export async function* generateBatch(
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[],
  options: BatchOptions,
): AsyncGenerator<RowToken, void, undefined> {
  checkBatch(model, prompts, options);
  if (options.maxNewTokens === 0) return;
  const texts = prompts.map((prompt, row) => new Continuation(prompt, { ...options, seed: options.seeds?.[row] ?? options.seed ?? 0 }));
  const rows = await rowsOf(model, prompts.length, options);
  try {
    yield* decodingLoop(rows, texts, options.signal);
  } finally {
    await rows.dispose();
  }
}

/** The same, to the end. @returns a result for each prompt; the tokens per second are those of its own text */
export async function generateBatchAll(
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[],
  options: BatchOptions,
): Promise<Generated[]> {
  checkBatch(model, prompts, options);
  const tokens: RowToken[][] = prompts.map(() => []);
  const start = performance.now();
  for await (const { row, ...token } of generateBatch(model, prompts, options)) tokens[row]?.push({ ...token, row });
  const seconds = (performance.now() - start) / 1000;
  return prompts.map((prompt, row) => generated(prompt, tokens[row] ?? [], seconds));
}

function checkBatch(model: LanguageModel, prompts: readonly ArrayLike<number>[], options: BatchOptions): void {
  const { seeds } = options;
  if (prompts.length === 0) throw fail('value', { where: 'generate', rule: 'at least one prompt', got: 'none' });
  if (seeds !== undefined && seeds.length !== prompts.length) {
    throw fail('value', { where: 'generate', rule: `a seed for each of ${prompts.length} prompts`, got: `${seeds.length} seeds` });
  }
  for (const prompt of prompts) checkOptions(model, prompt, options);
}
