import { generate } from '../../generate/index.js';
import type { LanguageModel } from '../../models/index.js';
import { type Tokenizer, withUnusedIds } from '../../tokenizers/index.js';

export interface SampleOptions {
  readonly tokens: number;
  readonly seed: number;
  /** What the sample goes on from; the sample contains it. */
  readonly prompt: readonly number[];
}

/** What a model writes at temperature 0.8, as text. */
export async function sampleOf(model: LanguageModel, tokenizer: Tokenizer, { tokens, seed, prompt }: SampleOptions): Promise<string> {
  const ids = [...prompt];
  for await (const { id } of generate(model, ids, { maxNewTokens: tokens, temperature: 0.8, seed })) ids.push(id);
  return withUnusedIds(tokenizer, model.vocabulary).decode(ids);
}
