import type { TrainingSize } from './contenders.js';
import type { TaskSizes } from './tasks.js';

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
