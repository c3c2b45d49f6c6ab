import { generateStories, splitTokens, textData } from '../../../datasets/index.js';
import type { LanguageModel } from '../../../models/index.js';
import { trainCharacterTokenizer } from '../../../tokenizers/index.js';
import { adamW, Evaluator, parameterReader, train } from '../../../train/index.js';
import { type ContenderOptions, chosenContenders, modelOfSize, type TrainingSize } from './contenders.js';
import { copyTask, type LongTask, orderTask } from './long-tasks.js';

/** How large a comparison is. */
export interface ComparisonSize extends TrainingSize {
  /** Tokens of a row of text. */
  readonly context: number;
  /** Characters of the built-in stories. */
  readonly characters: number;
  readonly distances: readonly number[];
  /** Tokens of a row that is classified. */
  readonly order: number;
}

/** The whole comparison, and one that takes seconds. */
export const comparisonSizes = {
  full: {
    ...{ parameters: 60_000, steps: 600, batch: 16, lr: 3e-3 },
    ...{ context: 128, characters: 500_000, distances: [16, 32, 64, 128, 256, 512], order: 256 },
  },
  small: {
    ...{ parameters: 6_000, steps: 30, batch: 8, lr: 5e-3 },
    ...{ context: 32, characters: 20_000, distances: [8, 16], order: 20 },
  },
} as const satisfies Readonly<Record<string, ComparisonSize>>;

/** What one model came to on one task. */
export interface ComparisonRow {
  readonly task: string;
  readonly model: string;
  readonly parameters: number;
  /** Mean cross-entropy in nats on what was kept from learning. */
  readonly loss: number;
  /** Share of answer tokens that are the likeliest, where there are answers; 1 in 8 (copy) and 1 in 4 (order) by chance. */
  readonly accuracy?: number;
  /** The same by distance. */
  readonly accuracyAt?: Readonly<Record<number, number>>;
  /** Training alone. */
  readonly seconds: number;
}

/**
 * Trains every contender at equal parameters, steps, batches and learning rate (warm-up, then a cosine) on each task: characters
 * of text, copying over distances, long-range classification.
 * @throws name: a contender that is not known
 */
export async function compareModels(options: ContenderOptions<ComparisonSize, ComparisonRow> = {}): Promise<ComparisonRow[]> {
  const { size = comparisonSizes.full, forms, threads, seed = 0, onRow } = options;
  const chosen = chosenContenders(forms);
  const { parameters, batch, lr } = size;
  const steps = options.steps ?? size.steps;
  const engine = threads === undefined ? {} : { threads };
  const rows: ComparisonRow[] = [];
  for (const [task, { vocabulary, context, data, at }] of Object.entries(tasksOf(size))) {
    for (const [name, contender] of chosen) {
      const model = modelOfSize(name, contender, parameters, { vocabulary, context, seed });
      const { valLoss, seconds } = await train(model, { data, steps, batch, seed, optimizer: adamW({ lr }), ...engine });
      const answers = data.exactMatch ? await accuracyOn(model, { data, ...(at && { at }) }, engine) : {};
      const row = { task, model: name, parameters: model.parameterCount, loss: valLoss, ...answers, seconds };
      rows.push(row);
      onRow?.(row);
    }
  }
  return rows;
}

function tasksOf({ context, characters, distances, order }: ComparisonSize): Readonly<Record<string, LongTask>> {
  const text = generateStories({ seed: 1, characters });
  const tokenizer = trainCharacterTokenizer(text);
  const data = textData(splitTokens(tokenizer.encodeToArray(text), { context }));
  return { characters: { vocabulary: tokenizer.size, context, data }, copy: copyTask(distances), order: orderTask(order) };
}

async function accuracyOn(
  model: LanguageModel,
  { data, at }: Pick<LongTask, 'data' | 'at'>,
  engine: { readonly threads?: number },
): Promise<Pick<ComparisonRow, 'accuracy' | 'accuracyAt'>> {
  const evaluator = new Evaluator(model, data, engine);
  const reader = parameterReader(model);
  const of = async (rows: LongTask['data']): Promise<number> =>
    (await evaluator.evaluate(reader, rows.evaluation(evaluator.shape))).accuracy ?? Number.NaN;
  try {
    const accuracy = await of(data);
    if (at === undefined) return { accuracy };
    const accuracyAt: Record<number, number> = {};
    for (const [distance, rows] of at) accuracyAt[distance] = await of(rows);
    return { accuracy, accuracyAt };
  } finally {
    await reader.dispose();
  }
}
