import type { LanguageModel } from '../../../models/index.js';
import { Evaluator, parameterReader } from '../../../train/index.js';
import { type Contender, type ContenderOptions, chosenContenders, modelOfSize, type TrainingSize } from './contenders.js';
import type { LongTask } from './long-tasks.js';
import { sideBySide } from './side-by-side.js';
import { type TaskSizes, tasksOf } from './tasks.js';
import { teach } from './teach.js';
import { type Trial, tryRates } from './trials.js';

/** How large a comparison is. */
export interface ComparisonSize extends TrainingSize, TaskSizes {
  /** Learning rates, of which every contender takes the best on a short form of each task; of one nothing is tried. */
  readonly rates: readonly number[];
  /** The short forms of the tasks, and how long each rate is tried on them. */
  readonly trial: Omit<TaskSizes, 'characters'> & Pick<TrainingSize, 'steps'>;
  /** Steps of each whose time is taken. */
  readonly rounds: number;
}

/** The whole comparison, and one that takes seconds. */
export const comparisonSizes = {
  full: {
    ...{ parameters: 60_000, steps: 700, batch: 16, rates: [1e-3, 3e-3, 1e-2], rounds: 9 },
    ...{ context: 128, characters: 500_000, distances: [16, 32, 64, 128, 256, 512], order: 256 },
    trial: { steps: 300, context: 32, distances: [8, 16, 32], order: 64 },
  },
  small: {
    ...{ parameters: 6_000, steps: 30, batch: 8, rates: [5e-3], rounds: 2 },
    ...{ context: 32, characters: 20_000, distances: [8, 16], order: 20 },
    trial: { steps: 30, context: 16, distances: [4], order: 20 },
  },
} as const satisfies Readonly<Record<string, ComparisonSize>>;

/** What one model came to on one task. */
export interface ComparisonRow {
  readonly task: string;
  readonly model: string;
  readonly parameters: number;
  /** The learning rate, and what it was chosen by. */
  readonly rate: number;
  readonly trials: readonly Trial[];
  /** Mean cross-entropy in nats on what was kept from learning. */
  readonly loss: number;
  /** Share of answer tokens that are the likeliest, where there are answers; 1 in 8 (copy) and 1 in 4 (order) by chance. */
  readonly accuracy?: number;
  /** The same by distance. */
  readonly accuracyAt?: Readonly<Record<number, number>>;
  /** Training alone, beside whatever else was trained then. */
  readonly seconds: number;
}

export interface ComparisonOptions extends ContenderOptions<ComparisonSize, ComparisonRow> {
  /** What is known from a run before: it is not run again. */
  readonly finished?: readonly ComparisonRow[];
  /** How many are trained beside each other; 1 by default. */
  readonly atOnce?: number;
}

/**
 * Trains every contender at equal parameters, steps and batches on each task: characters of text, copying over distances,
 * long-range classification. Warm-up, then a cosine, from the learning rate that is best for it on a short form of the task.
 * @returns a row for each task and contender, those that were finished before among them
 * @throws name: a contender that is not known
 */
export async function compareModels(options: ComparisonOptions = {}): Promise<ComparisonRow[]> {
  const { size = comparisonSizes.full, forms, threads, seed = 0, finished = [], atOnce = 1, onRow } = options;
  const settings = { ...size, steps: options.steps ?? size.steps, seed, ...(threads !== undefined && { threads }) };
  const chosen = chosenContenders(forms);
  const short = tasksOf({ ...size, ...size.trial });
  const jobs = Object.entries(tasksOf(size)).flatMap(([task, long]) =>
    chosen.map(([name, contender]) => async () => {
      const known = finished.find((row) => row.task === task && row.model === name);
      if (known !== undefined) return known;
      const row = { task, model: name, ...(await outcome(name, contender, { long, short: short[task] as LongTask }, settings)) };
      await onRow?.(row);
      return row;
    }),
  );
  return sideBySide(jobs, atOnce);
}

/** Finds a contender's rate on the short form of a task, and trains it on the long one. */
async function outcome(
  name: string,
  contender: Contender,
  { long: { vocabulary, context, data, at }, short }: { readonly long: LongTask; readonly short: LongTask },
  { parameters, steps, batch, rates, trial, seed, threads }: ComparisonSize & { readonly seed: number; readonly threads?: number },
): Promise<Omit<ComparisonRow, 'task' | 'model'>> {
  const engine = threads === undefined ? {} : { threads };
  const shared = { batch, seed, ...engine };
  const trials = rates.length === 1 ? [] : await tryRates(name, contender, short, { ...shared, parameters, rates, steps: trial.steps });
  const rate = (trials[0]?.rate ?? rates[0]) as number;
  const model = modelOfSize(name, contender, parameters, { vocabulary, context, seed });
  const { valLoss, seconds } = await teach(contender, model, data, { ...shared, steps, lr: rate });
  const answers = data.exactMatch ? await accuracyOn(model, { data, ...(at && { at }) }, engine) : {};
  return { parameters: model.parameterCount, rate, trials, loss: valLoss, ...answers, seconds };
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
