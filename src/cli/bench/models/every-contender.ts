import { type Contender, type ContenderOptions, chosenContenders } from './contenders.js';
import type { LongTask } from './long-tasks.js';
import { sideBySide } from './side-by-side.js';
import type { ComparisonSize } from './sizes.js';

/** What every contender is asked on every task, as rows R. */
export interface EveryOptions<R> extends ContenderOptions<ComparisonSize, R> {
  /** What is known from a run before: it is not run again. */
  readonly finished?: readonly R[];
  /** How many are trained beside each other; 1 by default. */
  readonly atOnce?: number;
}

/**
 * Asks every contender on every task.
 * @returns a row for each, by task, those that were finished before among them
 * @throws name: a contender that is not known
 */
export async function everyContender<R extends { readonly task: string; readonly model: string }>(
  tasks: Readonly<Record<string, LongTask>>,
  { forms, finished = [], atOnce = 1, onRow }: EveryOptions<R>,
  ask: (name: string, contender: Contender, task: LongTask, taskName: string) => Promise<Omit<R, 'task' | 'model'>>,
): Promise<R[]> {
  const chosen = chosenContenders(forms);
  const jobs = Object.entries(tasks).flatMap(([taskName, task]) =>
    chosen.map(([name, contender]) => async () => {
      const known = finished.find((row) => row.task === taskName && row.model === name);
      if (known !== undefined) return known;
      const row = { task: taskName, model: name, ...(await ask(name, contender, task, taskName)) } as R;
      await onRow?.(row);
      return row;
    }),
  );
  return sideBySide(jobs, atOnce);
}
