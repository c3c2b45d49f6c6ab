import { fail, type HostArray, type Shape } from '../../core/index.js';
import { iota, type Tensor, where } from '../../ops/index.js';
import { selectSites } from '../../runtime/index.js';
import { type AxisPart, parseOneAddress } from '../address.js';
import type { AxisName } from '../roles.js';
import type { Intervention } from './intervention.js';
import { kindOf } from './kinds.js';
import { axisMasks, type Choice, chosenPart } from './places.js';
import type { FoundSite, SiteEdit } from './rewrite.js';

/** One intervention at one site: what a program is fed for it. */
export interface PlannedChange {
  readonly intervention: Intervention;
  readonly choice: Choice;
  /** Tells it apart in a program. */
  readonly id: string;
  /** Of the site's rank, by name. */
  readonly arrays: Readonly<Record<string, HostArray>>;
}

/** What is to be changed of a model's sites, in order, as data: the same plan may be fed to a program or written into a graph. */
export class ChangePlan {
  private constructor(private readonly changes: readonly PlannedChange[]) {}

  /**
   * @param sites every site that there is
   * @throws name: an address that matches no site; axis, shape: what does not fit one
   */
  static of(interventions: readonly Intervention[], sites: ReadonlyMap<string, FoundSite>): ChangePlan {
    const changes = interventions.flatMap((intervention, number) => {
      const { glob, gradient } = parseOneAddress(intervention.at);
      const called = nameOf(intervention);
      if (gradient) throw fail('value', { where: called, rule: 'a site to change', got: `the gradient ${intervention.at}` });
      return [...selectSites(sites, glob).values()].map((site): PlannedChange => {
        const choice = chosenPart(intervention, site);
        const masks = [...axisMasks(choice)].map(([axis, mask]) => [`among.${axis}`, mask] as const);
        const own = kindOf(intervention).arrays(intervention, choice, called);
        return { intervention, choice, id: `change.${number}.${site.name}`, arrays: { ...Object.fromEntries(masks), ...own } };
      });
    });
    return new ChangePlan(changes);
  }

  /** What can be said of interventions before a prompt is known. @throws name: an address that matches no site; axis: places a site has not */
  static checkAddresses(interventions: readonly Intervention[], sites: ReadonlyMap<string, FoundSite>): void {
    for (const intervention of interventions) {
      const { glob } = parseOneAddress(intervention.at);
      for (const site of selectSites(sites, glob).values()) chosenPart(intervention, site);
    }
  }

  /** Every array, by name. */
  get feeds(): Readonly<Record<string, HostArray>> {
    const all = this.changes.flatMap(({ id, arrays }) => Object.entries(arrays).map(([name, array]) => [`${id}.${name}`, array] as const));
    return Object.fromEntries(all);
  }

  /** Tells programs apart: two plans with one key differ in numbers only. */
  get key(): string {
    return this.changes
      .map(({ intervention, choice, arrays }) => {
        const shapes = Object.entries(arrays).map(([name, { shape }]) => `${name}[${shape}]`);
        return `${choice.site.name} ${intervention.kind}${functionKey(intervention)} ${shapes.join(' ')}`;
      })
      .join('\n');
  }

  /** The edits of each site. @param bind a tensor of an array, an input or a constant */
  edits(bind: (name: string, array: HostArray) => Tensor, options: EditOptions = {}): ReadonlyMap<string, readonly SiteEdit[]> {
    const bySite = new Map<string, SiteEdit[]>();
    for (const change of this.changes) {
      const { name } = change.choice.site;
      bySite.set(name, [...(bySite.get(name) ?? []), editOf(change, bind, options)]);
    }
    return bySite;
  }
}

export interface EditOptions {
  /** Where the tokens stand that an axis counts, [B,n] or [n] int32, of texts that grow: then places are known by position. */
  readonly positions?: ((axis: AxisName) => Tensor | undefined) | undefined;
  /** Whether what was computed before stays a part of the graph, where all of it is replaced. */
  readonly keep?: boolean | undefined;
}

/** What an intervention is called in errors. */
export function nameOf({ name, kind, at }: Intervention): string {
  return name ?? `${kind} ${at}`;
}

function editOf(change: PlannedChange, bind: (name: string, array: HostArray) => Tensor, { positions, keep }: EditOptions): SiteEdit {
  const { intervention, choice } = change;
  const { name: site, shape } = choice.site;
  const bound = Object.entries(change.arrays).map(([name, array]) => [name, bind(`${change.id}.${name}`, array)] as const);
  const open = choice.axes.flatMap((axis, at) => {
    if (axis === undefined || 'places' in axis) return [];
    return [[`among.${at}`, openMask(axis.open, { at, shape, site, position: axis.counts && positions?.(axis.counts) })] as const];
  });
  const all = [...bound, ...open];
  const names = all.map(([name]) => name);
  return {
    name: nameOf(intervention),
    arrays: all.map(([, tensor]) => tensor),
    apply: (value, tensors) => {
      const arrays = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const among = Object.entries(arrays).flatMap(([name, tensor]) => (name.startsWith('among.') ? [tensor] : []));
      const changed = kindOf(intervention).apply(value, arrays, intervention);
      if (among.length === 0) return keep ? where(everywhere(value), changed, value) : changed;
      return where(
        among.reduce((a, b) => a.logicalAnd(b)),
        changed,
        value,
      );
    },
  };
}

/** True, of a value's rank. */
function everywhere(value: Tensor): Tensor {
  const one = iota(1).reshape(value.shape.map(() => 1));
  return one.equal(one);
}

interface OpenAxis {
  readonly at: number;
  readonly shape: Shape;
  readonly site: string;
  readonly position: Tensor | undefined;
}

/** Which places are meant of an axis that grows: those whose token stands at a position that was named. */
function openMask(chosen: AxisPart | readonly number[], { at, shape, site, position }: OpenAxis): Tensor {
  const refuse = (got: string): Error =>
    fail('unsupported', {
      where: site,
      rule: 'positions counted from the start, of a text that grows',
      got,
      fix: 'Count from 0, take all positions, or change a text of known length under the lens',
    });
  if (position === undefined) throw refuse(`a choice on axis ${at}, whose places have no known positions`);
  const parts: readonly AxisPart[] = 'kind' in chosen ? [chosen] : chosen.map((place) => ({ kind: 'one', at: place }));
  const masks = parts.map((part) => {
    if (part.kind === 'one') {
      if (part.at < 0) throw refuse(String(part.at));
      return position.equal(part.at);
    }
    if (part.kind === 'all') return position.equal(position);
    if (part.from < 0 || (part.to ?? 0) < 0) throw refuse(`${part.from}:${part.to ?? ''}`);
    const from = position.greaterEqual(part.from);
    return part.to === undefined ? from : from.logicalAnd(position.less(part.to));
  });
  const found = masks.reduce((a, b) => a.logicalOr(b));
  const size = found.shape.at(-1) as Shape[number];
  const batch = found.rank === 2 ? (found.shape[0] as Shape[number]) : 1;
  return found.reshape(shape.map((_, axis) => (axis === at ? size : axis === 0 ? batch : 1)));
}

let functions = 0;
const numbers = new WeakMap<object, number>();

/** Functions are told apart by identity. */
function functionKey(intervention: Intervention): string {
  if (intervention.kind !== 'function') return '';
  const known = numbers.get(intervention.change) ?? functions++;
  numbers.set(intervention.change, known);
  return ` ${known}`;
}
