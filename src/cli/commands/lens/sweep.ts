import { fail, indexOfElement, nearest } from '../../../core/index.js';
import { type By, type LabelledArray, restored, type Sweep, type SweepLimit, type SweepResult, sweep } from '../../../lens/index.js';
import type { CommandIo, Progress } from '../../io.js';
import type { LensFlags, MetricFlags } from './flags.js';
import { metricOf } from './metric.js';
import { demandOther, type Opened, openLens } from './open.js';

export interface SweepFlags extends LensFlags, MetricFlags {
  readonly kind: Sweep<unknown>['kind'];
  readonly sites: string;
  readonly by: string;
  readonly to?: string;
  readonly frozen: string;
  readonly renormalise?: boolean;
  readonly direction: 'denoise' | 'noise';
  readonly batch?: number;
  readonly limit: SweepLimit;
  readonly top: number;
}

const axes: readonly By[] = ['layer', 'head', 'position', 'key', 'neuron', 'channel', 'token'];

/**
 * Changes one part after another. JSON: `axes`, `shape` and `values`; the `baseline` of the run that is changed and that of the
 * `source` of values; `restored`, of patching; `cost`.
 */
export async function sweepCommand(folder: string, flags: SweepFlags, io: CommandIo): Promise<void> {
  const opened = await openLens('lens sweep', folder, flags);
  const { changed: view } = opened;
  try {
    let bar: Progress | undefined;
    const onProgress = (done: number, total: number): void => {
      bar ??= io.progress(total);
      bar.update(done, 'parts');
    };
    const result = await sweep(view, { ...specOf(opened, flags), onProgress }).finally(() => bar?.stop());
    const shares = flags.kind === 'ablation' ? undefined : restored(result, flags.kind);
    if (flags.json) io.out(`${JSON.stringify(jsonOf(flags, result, shares))}\n`);
    else show(flags, result, shares, io);
  } finally {
    await view.dispose();
  }
}

function specOf(opened: Opened, flags: SweepFlags): Sweep<unknown> {
  const { kind, direction, batch, limit } = flags;
  const by = flags.by.split(',').map((name) => axisOf(name.trim()));
  const shared = { site: flags.sites, by, metric: metricOf(flags), limit, ...(batch !== undefined && { batch }) };
  const refuse = (rule: string): Error => fail('value', { where: 'lens sweep', rule, got: `--kind ${kind}` });
  if (flags.to !== undefined && kind !== 'path') throw refuse('--to with --kind path');
  if (flags.renormalise && kind !== 'ablation') throw refuse('--renormalise with --kind ablation');
  if (kind === 'ablation') return { kind, prompt: opened.prompt, ...shared, renormalise: flags.renormalise ?? false };
  const pair = { clean: opened.prompt, corrupted: demandOther('lens sweep', opened), direction };
  if (kind !== 'path') return { kind, ...pair, ...shared };
  if (flags.to === undefined)
    throw fail('value', { where: 'lens sweep', rule: '--to, what receives', got: 'none', fix: 'Say --to "blocks.1.attention.query"' });
  return { kind, ...pair, ...shared, to: flags.to, frozen: flags.frozen };
}

function axisOf(name: string): By {
  const found = axes.find((axis) => axis === name);
  if (found !== undefined) return found;
  throw fail('name', {
    where: '--by',
    rule: `of ${axes.join(', ')}`,
    got: JSON.stringify(name),
    fix: `Nearest: ${nearest(name, axes, 1)}`,
  });
}

function jsonOf({ kind, sites }: SweepFlags, { values, baseline, source, cost }: SweepResult, shares: LabelledArray | undefined): object {
  return {
    kind,
    sites,
    ...values.toJSON(),
    baseline,
    ...(source !== undefined && { source }),
    ...(shares !== undefined && { restored: shares.toJSON().values }),
    cost,
  };
}

/** The parts that matter most, by how far they move the metric. */
function show(
  { kind, top }: SweepFlags,
  { values, baseline, source, cost }: SweepResult,
  shares: LabelledArray | undefined,
  io: CommandIo,
): void {
  const data = values.values.data as Float32Array;
  const moved = (flat: number): number => Math.abs((data[flat] as number) - (kind === 'attribution' ? 0 : baseline));
  const order = [...data.keys()].sort((a, b) => moved(b) - moved(a)).slice(0, top);
  for (const flat of order) {
    const index = indexOfElement(flat, values.values.shape);
    const labels = values.axes.map(({ name, labels: all }, axis) => `${name} ${all[index[axis] as number]}`);
    const share = shares === undefined ? '' : `  restored ${(100 * Number(shares.values.data[flat])).toFixed(1)}%`;
    io.out(`${labels.join(', ')}: ${(data[flat] as number).toPrecision(5)}${share}\n`);
  }
  io.note(`unchanged ${baseline.toPrecision(5)}${source === undefined ? '' : `, the other run ${source.toPrecision(5)}`}`);
  io.note(`${cost.cells} parts in ${cost.runs} ${cost.runs === 1 ? 'run' : 'runs'}, ${cost.seconds.toFixed(1)} s`);
}
