import { gradientReach } from '../../../lens/index.js';
import type { LanguageModel } from '../../../models/index.js';
import { Evaluator, parameterReader } from '../../../train/index.js';
import { type ContenderOptions, chosenContenders, modelOfSize, type TrainingSize } from './contenders.js';
import { copyTask, type LongTask } from './long-tasks.js';
import { teach } from './teach.js';

/** How large the bench is. */
export interface ReachSize extends TrainingSize {
  readonly lr: number;
  /** Distances that are learned, and whose largest bounds what is measured. */
  readonly distances: readonly number[];
}

/** The whole bench, and one that takes seconds. */
export const reachSizes = {
  full: { parameters: 60_000, steps: 600, batch: 16, lr: 3e-3, distances: [8, 16, 32, 64, 128] },
  small: { parameters: 4_000, steps: 20, batch: 8, lr: 5e-3, distances: [8] },
} as const satisfies Readonly<Record<string, ReachSize>>;

/** A model at one moment. */
export interface ReachRow {
  readonly model: string;
  /** As it starts, or after training on copying over distances. */
  readonly when: 'initial' | 'trained';
  readonly parameters: number;
  /** Share of the answers that are right; 1 in 8 by chance. */
  readonly accuracy: number;
  readonly distances: readonly number[];
  /** ‖∂ logits_T / ∂ x_{T−d}‖ at each distance. */
  readonly norms: readonly number[];
}

/**
 * The gradient's norm from the last position to one d tokens earlier, of every contender as it starts and after learning to
 * copy over distances, on rows of that task.
 * @throws name: a contender that is not known
 */
export async function reachBench(options: ContenderOptions<ReachSize, ReachRow> = {}): Promise<ReachRow[]> {
  const { size = reachSizes.full, forms, threads, seed = 0, onRow } = options;
  const { parameters, batch, lr } = size;
  const steps = options.steps ?? size.steps;
  const engine = threads === undefined ? {} : { threads };
  const task = copyTask(size.distances);
  const rows: ReachRow[] = [];
  for (const [name, contender] of chosenContenders(forms)) {
    const { vocabulary, context } = task;
    const model = modelOfSize(name, contender, parameters, { vocabulary, context, seed });
    const measure = async (when: ReachRow['when']): Promise<void> => {
      const row = { model: name, when, parameters: model.parameterCount, ...(await figures(model, task, engine)) };
      rows.push(row);
      await onRow?.(row);
    };
    await measure('initial');
    await teach(contender, model, task.data, { steps, batch, seed, lr, ...engine });
    await measure('trained');
  }
  return rows;
}

/** Rows of the task that gradients are measured on. */
const measured = 16;

async function figures(
  model: LanguageModel,
  { data, context }: LongTask,
  engine: { readonly threads?: number },
): Promise<Pick<ReachRow, 'accuracy' | 'distances' | 'norms'>> {
  const { inputs } = await data.batches({ rows: measured, length: context }, 1)(0);
  const ids = Array.from({ length: measured }, (_, r) => Array.from(inputs.subarray(r * context, (r + 1) * context)));
  const reach = await gradientReach(model, { ids, ...engine });
  const distances = powersBelow(context);
  const evaluator = new Evaluator(model, data, engine);
  const reader = parameterReader(model);
  try {
    const { accuracy = Number.NaN } = await evaluator.evaluate(reader, data.evaluation(evaluator.shape));
    return { accuracy, distances, norms: distances.map((d) => reach[d] as number) };
  } finally {
    await reader.dispose();
  }
}

/** 1, 2, 4, … below n. */
function powersBelow(n: number): number[] {
  return Array.from({ length: Math.ceil(Math.log2(n)) }, (_, i) => 2 ** i);
}
