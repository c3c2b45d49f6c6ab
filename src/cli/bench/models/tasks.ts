import { generateStories, splitTokens, textData } from '../../../datasets/index.js';
import { trainCharacterTokenizer } from '../../../tokenizers/index.js';
import { copyTask, type LongTask, orderTask } from './long-tasks.js';

/** How long the rows of each task are. */
export interface TaskSizes {
  /** Tokens of a row of text. */
  readonly context: number;
  /** Characters of the built-in stories. */
  readonly characters: number;
  readonly distances: readonly number[];
  /** Tokens of a row that is classified. */
  readonly order: number;
}

/** What the contenders learn, by name: characters of text, copying over distances, long-range classification. */
export function tasksOf({ context, characters, distances, order }: TaskSizes): Readonly<Record<string, LongTask>> {
  const text = generateStories({ seed: 1, characters });
  const tokenizer = trainCharacterTokenizer(text);
  const data = textData(splitTokens(tokenizer.encodeToArray(text), { context }));
  return { characters: { vocabulary: tokenizer.size, context, data }, copy: copyTask(distances), order: orderTask(order) };
}
