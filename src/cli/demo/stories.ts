import { checkStory } from '../../datasets/index.js';
import { generateBatchAll } from '../../generate/index.js';
import type { LanguageModel } from '../../models/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';

/** What a story follows: the end of another one. */
const before = 'So Marlow kept the drum.\n\n';
/** The corpus's own stories have at most 240 characters. */
const longest = 400;

export interface SampledStories {
  readonly stories: readonly { readonly text: string; readonly follows: boolean }[];
  /** How many follow the grammar from their first to their last word. */
  readonly passed: number;
}

/** Lets a model write stories side by side, and checks each against the grammar. Story i is drawn with seed + i. */
export async function sampleStories(
  model: LanguageModel,
  tokenizer: Tokenizer,
  { count, seed, temperature }: { readonly count: number; readonly seed: number; readonly temperature: number },
): Promise<SampledStories> {
  const prompt = tokenizer.encode(before);
  const [lineEnd] = tokenizer.encode('\n');
  const seeds = Array.from({ length: count }, (_, i) => seed + i);
  const options = { maxNewTokens: longest, temperature, seeds, ...(lineEnd !== undefined && { stopIds: [lineEnd] }) };
  const drawn = await generateBatchAll(
    model,
    seeds.map(() => prompt),
    options,
  );
  const stories = drawn.map(({ newIds }) => {
    const text = tokenizer.decode(newIds).replace(/\n$/, '');
    return { text, follows: checkStory(text).ok };
  });
  return { stories, passed: stories.filter(({ follows }) => follows).length };
}
