import { generateStories, splitTokens, textData } from '../../../datasets/index.js';
import { trainCharacterTokenizer } from '../../../tokenizers/index.js';
import type { ComparisonSize } from './compare.js';
import { copyTask, type LongTask, orderTask } from './long-tasks.js';

/** What the contenders learn, by name: characters of text, copying over distances, long-range classification. */
export function tasksOf({ context, characters, distances, order }: ComparisonSize): Readonly<Record<string, LongTask>> {
  const text = generateStories({ seed: 1, characters });
  const tokenizer = trainCharacterTokenizer(text);
  const data = textData(splitTokens(tokenizer.encodeToArray(text), { context }));
  return { characters: { vocabulary: tokenizer.size, context, data }, copy: copyTask(distances), order: orderTask(order) };
}
