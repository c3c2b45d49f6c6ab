import { adamW } from '../../../train/index.js';
import { median } from '../statistics.js';
import { OurSide } from '../step-ours.js';
import { type ContenderOptions, chosenContenders, modelOfSize } from './contenders.js';
import { type ComparisonSize, comparisonSizes } from './sizes.js';
import { tasksOf } from './tasks.js';

/** How long a training step of one model takes on one task. */
export interface StepTime {
  readonly task: string;
  readonly model: string;
  /** Median over the rounds, milliseconds. */
  readonly ms: number;
  /** Median over the rounds of this model's step beside that of the Transformer (else of the first model) in the same round. */
  readonly ratio: number;
  readonly rounds: number;
}

/** Against which steps are measured, where it is among the chosen. */
const baseline = 'transformer';

/**
 * Times a training step of every contender on each task. They are all ready at once and take turns, a step each in every
 * round, so that what slows the machine for a while slows all of them.
 * @throws name: a contender that is not known
 */
export async function stepTimes(options: ContenderOptions<ComparisonSize, StepTime> = {}): Promise<StepTime[]> {
  const { size = comparisonSizes.full, forms, threads = 0, seed = 0, onRow } = options;
  const chosen = chosenContenders(forms);
  const found: StepTime[] = [];
  for (const [task, { vocabulary, context, data }] of Object.entries(tasksOf(size))) {
    const batch = await data.batches({ rows: size.batch, length: context }, seed)(0);
    const rules = { optimizer: adamW({ lr: size.rates[0] as number }), clip: 1, threads, hasIgnored: data.hasIgnored };
    const sides: { readonly name: string; readonly side: OurSide; readonly ms: number[] }[] = [];
    try {
      // A batch is handed over to the thread that steps.
      for (const [name, contender] of chosen) {
        const model = modelOfSize(name, contender, size.parameters, { vocabulary, context, seed });
        const shape = { batch: size.batch, context, accumulate: 1 };
        sides.push({ name, side: await OurSide.create(model, shape, rules, () => structuredClone(batch)), ms: [] });
      }
      // The first two rounds plan memory and take it.
      for (let round = -2; round < size.rounds; round++) {
        for (const { side, ms } of sides) {
          const [now] = (await side.run(0, 1)).ms as [number];
          if (round >= 0) ms.push(now);
        }
      }
    } finally {
      for (const { side } of sides) await side.dispose();
    }
    const against = (sides.find(({ name }) => name === baseline) ?? sides[0])?.ms ?? [];
    for (const { name, ms } of sides) {
      const row = { task, model: name, ms: median(ms), ratio: median(ms.map((t, i) => t / (against[i] as number))), rounds: ms.length };
      found.push(row);
      await onRow?.(row);
    }
  }
  return found;
}
