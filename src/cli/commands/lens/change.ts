import { cleanLogits, type Lens, type Metric, type Where } from '../../../lens/index.js';
import type { PlaceFlags } from './flags.js';

/** The words of a place, as interventions take them. */
export function placesOf({ heads, positions, keys, neurons, channels }: PlaceFlags): Omit<Where, 'at'> {
  const words = Object.entries({ heads, positions, keys, neurons, channels }).filter(([, places]) => places !== undefined);
  return Object.fromEntries(words);
}

/** A divergence is one from the clean run. */
export async function cleanMetric(view: Lens<unknown>, clean: unknown, metric: Metric): Promise<Metric> {
  return metric.kind === 'kl' ? { ...metric, clean: await cleanLogits(view, clean, metric.position) } : metric;
}

/** The mean of a metric over the rows of a prompt. */
export async function meanOf(view: Lens<unknown>, prompt: unknown, metric: Metric): Promise<number> {
  const rows = await view.measure(prompt, metric);
  return rows.reduce((sum, x) => sum + x, 0) / rows.length;
}
