import { fail, HostArray } from '../../core/index.js';
import { gradients } from '../../grad/index.js';
import type { Module } from '../../nn/index.js';
import { type Tensor, where } from '../../ops/index.js';
import { Program } from '../../runtime/index.js';
import { LabelledArray } from '../labelled.js';
import type { Lens } from '../lens.js';
import { ProgramTrace } from '../program-trace.js';
import { feedsOfRow, rowOf } from '../rows.js';
import { bytesPerRow } from './batches.js';
import { Cells, type SweptSite } from './cells.js';
import { measured, runsOf, wholeValues } from './pair.js';
import type { AttributionSweep, SweepResult } from './spec.js';

/** Values and their gradients are held together: about so often what a run computes. */
const backward = 3;

/** What every part would do to first order, by one gradient: Σ (other − own) · ∂metric/∂own over what is not swept. */
export async function attributionPatching<P, M extends Module>(view: Lens<P, M>, sweep: AttributionSweep<P>): Promise<SweepResult> {
  const { base, source, feeds, rows, metric } = await runsOf(view, sweep);
  const one = feedsOfRow(feeds, 0);
  const cells = Cells.of(sweep.site, sweep.by, view.sitesFor(one));
  const bytes = backward * bytesPerRow(view, one);
  if (sweep.limit?.bytes !== undefined && bytes > sweep.limit.bytes) {
    throw fail('value', { where: 'sweep', rule: `at most ${sweep.limit.bytes} bytes, the limit`, got: `${bytes} bytes expected` });
  }
  const names = cells.sites.map(({ site }) => site.name);
  const values = await wholeValues(view, source, names);
  const metrics = view.metricFor(feeds, metric);
  const own = view.changesFor(one);

  const trace = new ProgramTrace(view.subject, one);
  const edits = own.edits(trace.input);
  const { sites } = trace.run(({ name }) => edits.get(name) ?? []);
  const at = names.map((name) => sites.get(name)?.value as Tensor);
  const slopes = gradients(metrics.row(0).trace(sites, trace.input).sum(), at);
  const effects = cells.sites.map((swept, i): [string, Tensor] => {
    const other = trace.input(`value.${swept.site.name}`, rowOf(values[swept.site.name] as HostArray, 0));
    return [`effect.${swept.site.name}`, summed((slopes[i] as Tensor).mul(other.sub(at[i] as Tensor)), swept)];
  });
  const start = performance.now();
  const program = await Program.create(trace.lower(Object.fromEntries(effects), view.options), view.options);
  try {
    const sums = new Float64Array(cells.count);
    for (let row = 0; row < rows; row++) {
      sweep.signal?.throwIfAborted();
      const others = names.map((name) => [`value.${name}`, rowOf(values[name] as HostArray, row)] as const);
      const found = await program.run({
        ...feedsOfRow(feeds, row),
        ...metrics.row(row).feeds,
        ...own.feeds,
        ...Object.fromEntries(others),
      });
      for (const [i, { site }] of cells.sites.entries()) cells.collect(sums, i, found[`effect.${site.name}`] as HostArray, 1 / rows);
      sweep.onProgress?.(row + 1, rows);
    }
    const cost = { cells: cells.count, runs: rows, batch: cells.count, bytes, seconds: (performance.now() - start) / 1000 };
    const result = new LabelledArray(cells.axes, new HostArray(Float32Array.from(sums), cells.shape, 'float32'));
    return {
      values: result,
      baseline: (await measured(view, base, metric)).value,
      source: (await measured(view, source, metric)).value,
      cost,
    };
  } finally {
    await program.dispose();
  }
}

/** Sums over the axes that are not swept, of the places that count; the others stay, with all their places. */
function summed(effect: Tensor, { axes, swept, places, site }: SweptSite): Tensor {
  const counted = places.reduce((x: Tensor, chosen, axis) => {
    if (chosen === undefined || (swept[axis] as number) >= 0) return x;
    const mask = new Uint8Array(site.shape[axis] as number);
    for (const place of chosen) mask[place] = 1;
    const shape = site.shape.map((_, a) => (a === axis ? mask.length : 1));
    return where(new HostArray(mask, shape, 'bool'), x, 0);
  }, effect);
  const over = axes.flatMap((_, axis) => ((swept[axis] as number) < 0 ? [axis] : []));
  return counted.sum({ axis: over });
}
