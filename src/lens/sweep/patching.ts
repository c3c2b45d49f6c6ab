import { HostArray } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import { Program } from '../../runtime/index.js';
import type { EditsOf, SiteEdit } from '../change/rewrite.js';
import { LabelledArray } from '../labelled.js';
import type { Lens } from '../lens.js';
import type { Metric } from '../metric/metric.js';
import type { MetricPlan } from '../metric/plan.js';
import { ProgramTrace, type TracedRun } from '../program-trace.js';
import { feedsOfRow, rowOf } from '../rows.js';
import type { Feeds } from '../subject/subject.js';
import { batchOf, bytesPerRow, inBatches } from './batches.js';
import type { Cells } from './cells.js';
import type { SiteValues, Sweep, SweepCost } from './spec.js';

/** What a program of cells is made of: each row of its batch is one cell, chosen by masks that are inputs. */
export interface CellProgram {
  /** Traces the metric of each row. @param edit what a site becomes in the cells that choose it */
  trace(bind: BindCells): Tensor;
}

/** Inputs of a program of cells. */
export interface BindCells {
  /** The model, its sites changed. */
  run(editsOf: EditsOf): TracedRun;
  /** Which rows change which part of a site, of its rank. */
  mask(site: string): Tensor;
  /** A stored value of a site, one row of it. */
  value(site: string): Tensor;
  /** Edits that the view makes itself, before the sweep's. */
  own(site: string): readonly SiteEdit[];
  metric(sites: TracedRun['sites']): Tensor;
}

export interface PatchOptions {
  readonly cells: Cells;
  readonly feeds: Feeds;
  /** Rows of the feeds: each is swept, and the results are averaged. */
  readonly rows: number;
  readonly metric: Metric;
  /** Values of sites that the program reads, [1,…] or a row for each of the feeds'. */
  readonly values: SiteValues;
  readonly secondsPerRow: number;
  /** How often the model is computed in the program: once, or more where paths are cut apart. */
  readonly models?: number;
}

/** Runs every cell of a sweep with one program. */
export async function patchCells<P, M extends Module>(
  view: Lens<P, M>,
  options: PatchOptions,
  { limit, batch: wanted, signal, onProgress }: Pick<Sweep<P>, 'limit' | 'batch' | 'signal' | 'onProgress'>,
  program: CellProgram,
): Promise<{ readonly values: LabelledArray; readonly cost: SweepCost }> {
  const { cells, feeds, rows, metric, values, models = 1 } = options;
  const perRow = bytesPerRow(view, feedsOfRow(feeds, 0)) * models;
  const batch = batchOf(cells.count, perRow, wanted, limit);
  const masks = cells.masks(batch);
  const metrics = view.metricFor(feeds, metric);
  const own = view.changesFor(feedsOfRow(feeds, 0, batch));
  const lowered = lowerCells(view, { feeds: feedsOfRow(feeds, 0, batch), masks, values, metric: metrics.row(0) }, program);
  const running = await Program.create(lowered, view.options);
  try {
    const sums = new Float64Array(cells.count);
    const inputs = Array.from({ length: rows }, (_, row) => ({
      ...feedsOfRow(feeds, row, batch),
      ...metrics.row(row).feeds,
      ...Object.fromEntries(Object.entries(values).map(([site, value]) => [valueName(site), rowOf(value, row)])),
      ...own.feeds,
    }));
    const named = Object.fromEntries([...masks].map(([site, mask]) => [maskName(site), mask]));
    const cost = await inBatches(
      { cells: cells.count, batch, bytes: batch * perRow, secondsPerRow: options.secondsPerRow * rows * models, limit, signal, onProgress },
      async (from, to) => {
        for (const mask of masks.values()) mask.data.fill(0 as never);
        for (let cell = from; cell < to; cell++) cells.mark(masks, cell - from, cell);
        for (const input of inputs) {
          const found = (await running.run({ ...input, ...named })).metric as HostArray;
          for (let cell = from; cell < to; cell++) sums[cell] = (sums[cell] as number) + Number(found.data[cell - from]) / rows;
        }
      },
    );
    return { values: new LabelledArray(cells.axes, new HostArray(Float32Array.from(sums), cells.shape, 'float32')), cost };
  } finally {
    await running.dispose();
  }
}

const maskName = (site: string): string => `mask.${site}`;
const valueName = (site: string): string => `value.${site}`;

interface CellInputs {
  readonly feeds: Feeds;
  readonly masks: ReadonlyMap<string, HostArray>;
  readonly values: SiteValues;
  readonly metric: MetricPlan;
}

function lowerCells<P, M extends Module>(view: Lens<P, M>, { feeds, masks, values, metric }: CellInputs, program: CellProgram) {
  const trace = new ProgramTrace(view.subject, feeds);
  const known = new Map<string, Tensor>();
  const once = (name: string, array: HostArray): Tensor => {
    const tensor = known.get(name) ?? trace.input(name, array);
    known.set(name, tensor);
    return tensor;
  };
  const edits = view.changesFor(feeds).edits(once);
  const bind: BindCells = {
    run: (editsOf) => trace.run(editsOf),
    mask: (site) => once(maskName(site), masks.get(site) as HostArray),
    value: (site) => once(valueName(site), rowOf(values[site] as HostArray, 0)),
    own: (site) => edits.get(site) ?? [],
    metric: (sites) => metric.trace(sites, once),
  };
  return trace.lower({ metric: program.trace(bind) }, view.options);
}
