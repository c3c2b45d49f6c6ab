import type { LanguageModel } from '../../../models/index.js';
import { adamW, Evaluator, parameterReader, train } from '../../../train/index.js';
import { type ContenderOptions, chosenContenders, modelOfSize, type TrainingSize } from './contenders.js';
import type { LongTask } from './long-tasks.js';
import { tasksOf } from './tasks.js';

/** How large a comparison is. */
export interface ComparisonSize extends TrainingSize {
  /** Tokens of a row of text. */
  readonly context: number;
  /** Characters of the built-in stories. */
  readonly characters: number;
  readonly distances: readonly number[];
  /** Tokens of a row that is classified. */
  readonly order: number;
  /** Steps of each whose time is taken. */
  readonly rounds: number;
}

/** The whole comparison, and one that takes seconds. */
export const comparisonSizes = {
  full: {
    ...{ parameters: 60_000, steps: 700, batch: 16, lr: 3e-3, rounds: 9 },
    ...{ context: 128, characters: 500_000, distances: [16, 32, 64, 128, 256, 512], order: 256 },
  },
  small: {
    ...{ parameters: 6_000, steps: 30, batch: 8, lr: 5e-3, rounds: 2 },
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

export interface ComparisonOptions extends ContenderOptions<ComparisonSize, ComparisonRow> {
  /** What is known from a run before: it is not run again. */
  readonly finished?: readonly ComparisonRow[];
}

/**
 * Trains every contender at equal parameters, steps, batches and learning rate (warm-up, then a cosine) on each task: characters
 * of text, copying over distances, long-range classification.
 * @returns a row for each task and contender, those that were finished before among them
 * @throws name: a contender that is not known
 */
export async function compareModels(options: ComparisonOptions = {}): Promise<ComparisonRow[]> {
  const { size = comparisonSizes.full, forms, threads, seed = 0, finished = [], onRow } = options;
  const chosen = chosenContenders(forms);
  const { parameters, batch, lr } = size;
  const steps = options.steps ?? size.steps;
  const engine = threads === undefined ? {} : { threads };
  const rows: ComparisonRow[] = [];
  for (const [task, { vocabulary, context, data, at }] of Object.entries(tasksOf(size))) {
    for (const [name, contender] of chosen) {
      const known = finished.find((row) => row.task === task && row.model === name);
      if (known !== undefined) {
        rows.push(known);
        continue;
      }
      const model = modelOfSize(name, contender, parameters, { vocabulary, context, seed });
      const { valLoss, seconds } = await train(model, { data, steps, batch, seed, optimizer: adamW({ lr }), ...engine });
      const answers = data.exactMatch ? await accuracyOn(model, { data, ...(at && { at }) }, engine) : {};
      const row = { task, model: name, parameters: model.parameterCount, loss: valLoss, ...answers, seconds };
      rows.push(row);
      await onRow?.(row);
    }
  }
  return rows;
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
