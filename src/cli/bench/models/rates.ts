import { fail, HeadlightError } from '../../../core/index.js';
import { type Contender, modelOfSize, type TrainingSize } from './contenders.js';
import { type EveryOptions, everyContender } from './every-contender.js';
import type { LongTask } from './long-tasks.js';
import { comparisonSizes } from './sizes.js';
import { tasksOf } from './tasks.js';
import { type Lesson, teach } from './teach.js';

/** What a learning rate came to on a short task. */
export interface Trial {
  readonly rate: number;
  /** Mean cross-entropy in nats on what was kept from learning. */
  readonly loss: number;
}

/** What a contender learns a task at, and what that was chosen by. */
export interface RateRow {
  readonly task: string;
  readonly model: string;
  readonly rate: number;
  /** The best first; none where there was nothing to choose. */
  readonly trials: readonly Trial[];
}

/**
 * Finds each contender's learning rate for each task: the one with the least loss on a short form of the task.
 * @throws as `everyContender` and `tryRates`
 */
export async function findRates(options: EveryOptions<RateRow> = {}): Promise<RateRow[]> {
  const { size = comparisonSizes.full, threads, seed = 0 } = options;
  const { parameters, batch, rates, trial } = size;
  const lesson = { parameters, batch, seed, steps: trial.steps, rates, ...(threads !== undefined && { threads }) };
  return everyContender(tasksOf({ ...size, ...trial }), options, async (name, contender, task) => {
    const trials = rates.length === 1 ? [] : await tryRates(name, contender, task, lesson);
    return { rate: (trials[0]?.rate ?? rates[0]) as number, trials };
  });
}

export interface TrialOptions extends TrainingSize, Omit<Lesson, 'lr'> {
  readonly rates: readonly number[];
}

/**
 * Tries learning rates for a contender on a task: every one from the same start, on the same rows, for as many steps.
 * @returns the best first; rates at which the loss stops being a number are left out
 * @throws numeric: all of them are
 */
export async function tryRates(name: string, contender: Contender, task: LongTask, options: TrialOptions): Promise<Trial[]> {
  const { rates, parameters, ...lesson } = options;
  const { vocabulary, context, data } = task;
  const trials: Trial[] = [];
  for (const rate of rates) {
    const model = modelOfSize(name, contender, parameters, { vocabulary, context, seed: lesson.seed });
    try {
      const { valLoss } = await teach(contender, model, data, { ...lesson, lr: rate });
      trials.push({ rate, loss: valLoss });
    } catch (error) {
      if (!(error instanceof HeadlightError && error.code === 'numeric')) throw error;
    }
  }
  const got = `none at ${rates.join(', ')}`;
  if (trials.length === 0)
    throw fail('numeric', { where: `bench models, ${name}`, rule: 'a learning rate at which the loss is a number', got });
  return trials.sort((a, b) => a.loss - b.loss);
}
