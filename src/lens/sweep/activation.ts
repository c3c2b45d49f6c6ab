import { fail } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import { cast, type Tensor, where } from '../../ops/index.js';
import { renormalised } from '../change/cut.js';
import type { Stored } from '../change/intervention.js';
import type { FoundSite, SiteEdit } from '../change/rewrite.js';
import type { Lens } from '../lens.js';
import { feedsOfRow, rowCount } from '../rows.js';
import { Cells } from './cells.js';
import { measured, runsOf, wholeValues, withClean } from './pair.js';
import { type BindCells, patchCells } from './patching.js';
import type { AblationSweep, ActivationSweep, SiteValues, SweepResult } from './spec.js';

/** What a chosen part becomes. */
type Change = (value: Tensor, mask: Tensor, other: Tensor | undefined) => Tensor;

/** The metric of the model whose sites are changed where masks say so. */
function changedSites(bind: BindCells, cells: Cells, stored: SiteValues, change: Change): Tensor {
  const swept = new Set(cells.sites.map(({ site }) => site.name));
  const editsOf = ({ name }: FoundSite): readonly SiteEdit[] => {
    if (!swept.has(name)) return bind.own(name);
    const other = Object.hasOwn(stored, name) ? [bind.value(name)] : [];
    const apply = (value: Tensor, [mask, array]: readonly Tensor[]): Tensor => change(value, mask as Tensor, array);
    return [...bind.own(name), { name: 'sweep', arrays: [bind.mask(name), ...other], apply }];
  };
  return bind.metric(bind.run(editsOf).sites);
}

/** Every part with the other run's value, one at a time. */
export async function activationPatching<P, M extends Module>(view: Lens<P, M>, sweep: ActivationSweep<P>): Promise<SweepResult> {
  const { base, source, feeds, rows, metric } = await runsOf(view, sweep);
  const cells = Cells.of(sweep.site, sweep.by, view.sitesFor(feedsOfRow(feeds, 0)));
  const values = await wholeValues(
    view,
    source,
    cells.sites.map(({ site }) => site.name),
  );
  const { value: baseline, secondsPerRow } = await measured(view, base, metric);
  const patched = await patchCells(view, { cells, feeds, rows, metric, values, secondsPerRow }, sweep, {
    trace: (bind) => changedSites(bind, cells, values, (own, mask, other) => where(mask, other as Tensor, own)),
  });
  return { ...patched, baseline, source: (await measured(view, source, metric)).value };
}

/** Every part taken away, one at a time. */
export async function ablation<P, M extends Module>(view: Lens<P, M>, sweep: AblationSweep<P>): Promise<SweepResult> {
  const { prompt, with: instead = 'zero', renormalise = false } = sweep;
  const feeds = view.subject.feeds(prompt);
  const cells = Cells.of(sweep.site, sweep.by, view.sitesFor(feedsOfRow(feeds, 0)));
  const metric = await withClean(view, prompt, sweep.metric);
  const values = instead === 'zero' ? {} : storedValues(instead, cells);
  const { value: baseline, secondsPerRow } = await measured(view, prompt, metric);
  const change: Change = (own, mask, other) => {
    const left = where(mask, other ?? 0, own);
    return renormalise ? where(touched(mask), renormalised(left), left) : left;
  };
  const ablated = await patchCells(view, { cells, feeds, rows: rowCount(feeds), metric, values, secondsPerRow }, sweep, {
    trace: (bind) => changedSites(bind, cells, values, change),
  });
  return { ...ablated, baseline, source: undefined };
}

/** Rows of patterns in which something is chosen. */
function touched(mask: Tensor): Tensor {
  return cast(mask, 'float32').sum({ axis: -1, keep: true }).greater(0);
}

/** Stored values of every site that is swept, each of the site's rank. @throws name, shape: one that is missing, or that is of a slice */
function storedValues({ kind, values }: Stored, cells: Cells): SiteValues {
  const found = cells.sites.map(({ site: { name, shape } }) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined)
      throw fail('name', { where: kind, rule: 'a stored value for each site that is swept', got: `none for ${name}` });
    const fits = value.shape.length === shape.length && value.shape.every((n, axis) => axis === 0 || n === 1 || n === shape[axis]);
    if (!fits) throw fail('shape', { where: kind, path: name, rule: `values of the whole site, [${shape}]`, got: `[${value.shape}]` });
    return [name, value] as const;
  });
  return Object.fromEntries(found);
}
