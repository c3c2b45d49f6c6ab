import { fail, type HostArray } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import { constant, type Tensor, where } from '../../ops/index.js';
import { selectSites } from '../../runtime/index.js';
import { parseOneAddress } from '../address.js';
import { axisMasks, chosenPart } from '../change/places.js';
import type { FoundSite, SiteEdit } from '../change/rewrite.js';
import type { Lens } from '../lens.js';
import { feedsOfRow } from '../rows.js';
import { Cells } from './cells.js';
import { measured, runsOf, wholeValues } from './pair.js';
import { type BindCells, patchCells } from './patching.js';
import type { PathSweep, SiteValues, SweepResult } from './spec.js';

/** A site that receives, and which part of it, as booleans along its axes. */
interface Receiver {
  readonly name: string;
  readonly masks: readonly HostArray[];
}

/**
 * Paths from each part to the receivers: in one program, the model twice. The first has the sender's other value, everything
 * frozen its own; what the receivers get there is put into the second, whose metric counts.
 */
export async function pathPatching<P, M extends Module>(view: Lens<P, M>, sweep: PathSweep<P>): Promise<SweepResult> {
  const { base, source, feeds, rows, metric } = await runsOf(view, sweep);
  const sites = view.sitesFor(feedsOfRow(feeds, 0));
  const cells = Cells.of(sweep.site, sweep.by, sites);
  const receivers = receiversOf(sweep.to, sites);
  const senders = cells.sites.map(({ site }) => site.name);
  const frozen = frozenSites(sweep, sites, receivers);
  const values = {
    ...renamed(await wholeValues(view, source, senders), sent),
    ...(frozen.length === 0 ? {} : renamed(await wholeValues(view, base, frozen), held)),
  };
  const { value: baseline, secondsPerRow } = await measured(view, base, metric);
  const patched = await patchCells(view, { cells, feeds, rows, metric, values, secondsPerRow, models: 2 }, sweep, {
    trace: (bind) => received(bind, { senders: new Set(senders), frozen: new Set(frozen), receivers }),
  });
  return { ...patched, baseline, source: (await measured(view, source, metric)).value };
}

const sent = 'sent ';
const held = 'held ';

function renamed(values: SiteValues, prefix: string): SiteValues {
  return Object.fromEntries(Object.entries(values).map(([site, value]) => [prefix + site, value]));
}

interface Paths {
  readonly senders: ReadonlySet<string>;
  readonly frozen: ReadonlySet<string>;
  readonly receivers: readonly Receiver[];
}

function received(bind: BindCells, { senders, frozen, receivers }: Paths): Tensor {
  const first = bind.run(({ name }: FoundSite): readonly SiteEdit[] => [
    ...bind.own(name),
    ...(frozen.has(name) ? [{ name: 'frozen', arrays: [bind.value(held + name)], apply: asGiven }] : []),
    ...(senders.has(name) ? [{ name: 'sender', arrays: [bind.mask(name), bind.value(sent + name)], apply: whereChosen }] : []),
  ]);
  const second = bind.run(({ name }: FoundSite): readonly SiteEdit[] => {
    const receiver = receivers.find((r) => r.name === name);
    const got = first.sites.get(name)?.value;
    if (receiver === undefined || got === undefined) return bind.own(name);
    const masks = receiver.masks.map((mask) => constant(mask));
    const apply = (value: Tensor, [other, ...chosen]: readonly Tensor[]): Tensor =>
      chosen.length === 0
        ? (other as Tensor)
        : where(
            chosen.reduce((a, b) => a.logicalAnd(b)),
            other as Tensor,
            value,
          );
    return [...bind.own(name), { name: 'receiver', arrays: [got, ...masks], apply }];
  });
  return bind.metric(second.sites);
}

const asGiven: SiteEdit['apply'] = (value, [array]) => (array as Tensor).expand(value.shape);
const whereChosen: SiteEdit['apply'] = (value, [mask, array]) => where(mask as Tensor, array as Tensor, value);

/** @throws name, axis: no such receivers; unsupported: in loops */
function receiversOf(to: string, sites: ReadonlyMap<string, FoundSite>): readonly Receiver[] {
  return [...selectSites(sites, parseOneAddress(to).glob).values()].map((site) => {
    if (site.stacked) throw fail('unsupported', { where: 'sweep', path: site.name, rule: 'receivers outside of loops', got: to });
    return { name: site.name, masks: [...axisMasks(chosenPart({ at: to }, site)).values()] };
  });
}

/** What is held: sites that are named, but for receivers. */
function frozenSites<P>(
  { frozen = '*attention.mixed' }: PathSweep<P>,
  sites: ReadonlyMap<string, FoundSite>,
  receivers: readonly Receiver[],
): readonly string[] {
  if (frozen === '') return [];
  const chosen = [...selectSites(sites, frozen).keys()];
  return chosen.filter((name) => !receivers.some((receiver) => receiver.name === name));
}
