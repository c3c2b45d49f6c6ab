import type { LanguageModel } from '../../../models/index.js';
import { Evaluator, parameterReader } from '../../../train/index.js';
import { modelOfSize } from './contenders.js';
import { type EveryOptions, everyContender } from './every-contender.js';
import type { LongTask } from './long-tasks.js';
import { findRates, type RateRow } from './rates.js';
import { comparisonSizes } from './sizes.js';
import { tasksOf } from './tasks.js';
import { teach } from './teach.js';

/** What one model came to on one task. */
export interface ComparisonRow {
  readonly task: string;
  readonly model: string;
  readonly parameters: number;
  /** The learning rate. */
  readonly rate: number;
  /** Mean cross-entropy in nats on what was kept from learning. */
  readonly loss: number;
  /** Share of answer tokens that are the likeliest, where there are answers; 1 in 8 (copy) and 1 in 4 (order) by chance. */
  readonly accuracy?: number;
  /** The same by distance. */
  readonly accuracyAt?: Readonly<Record<number, number>>;
  /** Training alone, beside whatever else was trained then. */
  readonly seconds: number;
}

export interface ComparisonOptions extends EveryOptions<ComparisonRow> {
  /** What each learns at; `findRates`'s by default. */
  readonly rates?: readonly RateRow[];
}

/**
 * Trains every contender at equal parameters, steps and batches on each task: characters of text, copying over distances,
 * long-range classification. Warm-up, then a cosine, from the learning rate that is best for it on a short form of the task.
 * @returns a row for each task and contender, those that were finished before among them
 * @throws name: a contender that is not known
 */
export async function compareModels(options: ComparisonOptions = {}): Promise<ComparisonRow[]> {
  const { size = comparisonSizes.full, steps = size.steps, threads, seed = 0 } = options;
  const { onRow: _, finished: __, ...same } = options;
  const rates = options.rates ?? (await findRates(same));
  const engine = threads === undefined ? {} : { threads };
  return everyContender(tasksOf(size), options, async (name, contender, { vocabulary, context, data, at }, task) => {
    const lr = rates.find((row) => row.task === task && row.model === name)?.rate as number;
    const model = modelOfSize(name, contender, size.parameters, { vocabulary, context, seed });
    const { valLoss, seconds } = await teach(contender, model, data, { steps, batch: size.batch, seed, lr, ...engine });
    const answers = data.exactMatch ? await accuracyOn(model, { data, ...(at && { at }) }, engine) : {};
    return { parameters: model.parameterCount, rate: lr, loss: valLoss, ...answers, seconds };
  });
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
