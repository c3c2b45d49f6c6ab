import { equalShapes, fail } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import type { Lens } from '../lens.js';
import { cleanLogits } from '../metric/clean.js';
import type { Metric } from '../metric/metric.js';
import { rowCount } from '../rows.js';
import type { Feeds } from '../subject/subject.js';
import type { SiteValues, Sweep } from './spec.js';

/** Two runs of a sweep: the one that is changed, and the one that values come from. */
export interface Runs<P> {
  readonly base: P;
  readonly source: P;
  readonly feeds: Feeds;
  /** Pairs of rows. */
  readonly rows: number;
  readonly metric: Metric;
}

/** @throws shape: prompts of different lengths */
export async function runsOf<P, M extends Module>(
  view: Lens<P, M>,
  { clean, corrupted, direction = 'denoise', metric }: Extract<Sweep<P>, { readonly clean: P }>,
): Promise<Runs<P>> {
  const [base, source] = direction === 'denoise' ? [corrupted, clean] : [clean, corrupted];
  const [feeds, other] = [view.subject.feeds(base), view.subject.feeds(source)];
  for (const [name, array] of Object.entries(feeds)) {
    const shape = other[name]?.shape ?? [];
    if (equalShapes(array.shape, shape)) continue;
    throw fail('shape', {
      where: 'sweep',
      rule: `prompts of the same size: ${name} [${array.shape}]`,
      got: `[${shape}]`,
      fix: '`compare` aligns prompts by their tokens; choose words of as many tokens',
    });
  }
  return { base, source, feeds, rows: rowCount(feeds), metric: await withClean(view, clean, metric) };
}

/** A divergence that does not say from what is one from the clean run. */
export async function withClean<P, M extends Module>(view: Lens<P, M>, clean: P, metric: Metric): Promise<Metric> {
  if (metric.kind !== 'kl' || metric.clean !== undefined) return metric;
  return { ...metric, clean: await cleanLogits(view, clean, metric.position) };
}

/** The values of sites on a prompt, whole. */
export function wholeValues<P, M extends Module>(view: Lens<P, M>, prompt: P, sites: readonly string[]): Promise<SiteValues> {
  return view.capture(prompt, sites.join(','));
}

/** The mean of what a metric gives the rows, and how long a row took once the program was there. */
export async function measured<P, M extends Module>(
  view: Lens<P, M>,
  prompt: P,
  metric: Metric,
): Promise<{ readonly value: number; readonly secondsPerRow: number }> {
  await view.measure(prompt, metric);
  const begun = performance.now();
  const rows = await view.measure(prompt, metric);
  const secondsPerRow = (performance.now() - begun) / 1000 / rows.length;
  return { value: rows.reduce((sum, x) => sum + x, 0) / rows.length, secondsPerRow };
}
